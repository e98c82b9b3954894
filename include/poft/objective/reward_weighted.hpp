// The list of objectives that imitate samples in proportion to their reward.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/list.hpp"
#include "poft/objective/weighted_nll.hpp"

namespace poft::objective {

using reward_weighted_objectives = objective_list<weighted_nll>;

}  // namespace poft::objective
