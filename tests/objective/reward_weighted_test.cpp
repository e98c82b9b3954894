// Derivatives, extremes, vocabulary and parameters of every reward-weighted objective.
// SPDX-License-Identifier: MIT
#include "poft/objective/reward_weighted.hpp"

#include "objective/support/checks.hpp"

TEST(reward_weighted, every_objective_is_sound) {
  checks::expect_all<poft::objective::reward_weighted_objectives>();
}
