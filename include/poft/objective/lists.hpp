// The list of listwise objectives: K responses to one prompt, loss and gradient in one call.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/best_of_n.hpp"
#include "poft/objective/list.hpp"
#include "poft/objective/multi_negative_dpo.hpp"
#include "poft/objective/plackett_luce.hpp"
#include "poft/objective/pro.hpp"
#include "poft/objective/rrhf.hpp"
#include "poft/objective/softmax_list.hpp"

namespace poft::objective {

using list_objectives =
    objective_list<plackett_luce, softmax_list, multi_negative_dpo, pro, rrhf, best_of_n<negatives::none>,
                   best_of_n<negatives::worst>, best_of_n<negatives::average>, best_of_n<negatives::sum>,
                   best_of_n<negatives::log_complement>>;

}  // namespace poft::objective
