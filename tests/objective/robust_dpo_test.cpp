// Robust DPO: a worked example, its slope far out, no noise.
// SPDX-License-Identifier: MIT
#include "poft/objective/robust_dpo.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(robust_dpo, worked_example) {
  // beta h = 2, 1 - 2 eps = 0.8
  double const value = (0.9 * worked::softplus(-2) - 0.1 * worked::softplus(2)) / 0.8;
  double const slope = -0.5 * (0.9 * worked::sigmoid(-2) + 0.1 * worked::sigmoid(2)) / 0.8;
  expect(objective::robust_dpo{.beta = 0.5, .label_smoothing = 0.1}, pair, value, {slope, -slope});
}

TEST(robust_dpo, is_unbounded_below) {
  // beta h = 50: -0.1 * 50 / 0.8 up to 1e-20
  expect(objective::robust_dpo{.beta = 1, .label_smoothing = 0.1}, preference_pair<double>{0, -50, 0, 0},
         -6.25, {-0.125, 0.125});
}

TEST(robust_dpo, without_noise_is_dpo) {
  expect(objective::robust_dpo{.beta = 0.5, .label_smoothing = 0}, pair, worked::softplus(-2),
         {-0.5 * worked::sigmoid(-2), 0.5 * worked::sigmoid(-2)});
}
}  // namespace
