// The list of supervised objectives: likelihood of given responses, one at a time.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/bi_poft.hpp"
#include "poft/objective/dft.hpp"
#include "poft/objective/list.hpp"
#include "poft/objective/nll.hpp"
#include "poft/objective/poft.hpp"
#include "poft/objective/unlikelihood.hpp"

namespace poft::objective {

using supervised_objectives = objective_list<nll, nll_sum, poft, bi_poft, dft, unlikelihood>;

}  // namespace poft::objective
