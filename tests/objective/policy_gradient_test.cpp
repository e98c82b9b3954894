// Derivatives, extremes, vocabulary and parameters of every policy-gradient objective.
// SPDX-License-Identifier: MIT
#include "poft/objective/policy_gradient.hpp"

#include "objective/support/stopped_gradients.hpp"

TEST(policy_gradient, every_objective_is_sound) {
  using namespace poft::objective;
  checks::expect_all_with_stopped_gradients<policy_gradient_objectives>(
      poft::objective_list<cispo_relative, cispo_absolute, gspo_token, kl_penalty<k1_straight_through>,
                           kl_penalty<k3_straight_through>, with_kl<ppo_clip, k3_straight_through>>{});
}
