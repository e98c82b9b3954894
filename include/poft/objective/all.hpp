// The one list of objectives, from which tests, benches, tools, figures and README's table are made.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/list.hpp"
#include "poft/objective/lists.hpp"
#include "poft/objective/pairs_with_reference.hpp"
#include "poft/objective/pairs_without_reference.hpp"
#include "poft/objective/policy_gradient.hpp"
#include "poft/objective/reward_models.hpp"
#include "poft/objective/reward_weighted.hpp"
#include "poft/objective/supervised.hpp"
#include "poft/objective/unpaired.hpp"

namespace poft::objective {

/// One example in, one loss out; batches of them are level 1.
using example_objectives =
    concatenate_t<supervised_objectives, pairs_with_reference_objectives, pairs_without_reference_objectives,
                  unpaired_objectives, reward_model_objectives, reward_weighted_objectives,
                  policy_gradient_objectives>;

/// list_objectives take a whole list of responses (objective/list_inputs.hpp).
using all_objectives = concatenate_t<example_objectives, list_objectives>;

}  // namespace poft::objective
