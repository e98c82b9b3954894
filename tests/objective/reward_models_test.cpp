// Derivatives, extremes, vocabulary and parameters of every objective of reward and value models.
// SPDX-License-Identifier: MIT
#include "poft/objective/reward_models.hpp"

#include "objective/support/stopped_gradients.hpp"

TEST(reward_models, every_objective_is_sound) {
  using namespace poft::objective;
  checks::expect_all_with_stopped_gradients<reward_model_objectives>(poft::objective_list<value_clip>{});
  // With the default range one of the checked points is a kink: both squared errors are equal.
  checks::expect_derivatives(value_clip{.clip_range = 0.3});
}
