// EXO on pairs: a worked example, its minimum and its range.
// SPDX-License-Identifier: MIT
#include "poft/objective/exo_pair.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(exo_pair, worked_example) {
  // x = 2, q = sigmoid(2); the slope is beta q (1 - q) (x - log(0.9 / 0.1))
  double const q = worked::sigmoid(2), p = worked::sigmoid(-2);
  double const value = q * (std::log(q) - std::log(0.9)) + p * (std::log(p) - std::log(0.1));
  double const slope = 0.5 * q * p * (2 - std::log(9.0));
  expect(objective::exo_pair{.beta = 0.5, .label_smoothing = 0.1}, pair, value, {slope, -slope});
}

TEST(exo_pair, is_0_where_the_policy_agrees_with_the_judge) {
  expect(objective::exo_pair{.beta = 1, .label_smoothing = 0.1},
         preference_pair<double>{std::log(9.0), 0, 0, 0}, 0, {0, 0});
}

TEST(exo_pair, needs_some_noise) {
  EXPECT_STREQ((objective::exo_pair{.label_smoothing = 0}.invalid()),
               "exo_pair: label_smoothing must be in (0, 1/2)");
}
}  // namespace
