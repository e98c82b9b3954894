// The list of objectives on single responses that are labelled desirable or undesirable.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/apo_zero_unpaired.hpp"
#include "poft/objective/bco.hpp"
#include "poft/objective/kto.hpp"
#include "poft/objective/list.hpp"

namespace poft::objective {

using unpaired_objectives = objective_list<kto, bco, apo_zero_unpaired>;

}  // namespace poft::objective
