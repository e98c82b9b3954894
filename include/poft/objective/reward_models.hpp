// The list of objectives of reward and value models: functions of scores.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/bt_reward.hpp"
#include "poft/objective/list.hpp"
#include "poft/objective/value_clip.hpp"
#include "poft/objective/value_mse.hpp"

namespace poft::objective {

using reward_model_objectives = objective_list<bt_reward, value_clip, value_mse>;

}  // namespace poft::objective
