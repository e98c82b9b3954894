// Conservative DPO: a worked example and its limits.
// SPDX-License-Identifier: MIT
#include "poft/objective/cdpo.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(cdpo, worked_example) {
  // beta h = 2, slope beta (sigmoid(2) - 0.9)
  double const value = 0.9 * worked::softplus(-2) + 0.1 * worked::softplus(2);
  double const slope = 0.5 * (worked::sigmoid(2) - 0.9);
  expect(objective::cdpo{.beta = 0.5, .label_smoothing = 0.1}, pair, value, {slope, -slope});
}

TEST(cdpo, is_smallest_where_sigmoid_equals_the_share_of_right_labels) {
  // beta h = log(0.9 / 0.1)
  preference_pair<double> const best{std::log(9.0), 0, 0, 0};
  auto const [value, d] = value_and_gradient(objective::cdpo{.beta = 1, .label_smoothing = 0.1}, best);
  EXPECT_NEAR(d.chosen, 0, 1e-16);
  EXPECT_NEAR(value, -0.9 * std::log(0.9) - 0.1 * std::log(0.1), 1e-15);
}

TEST(cdpo, refuses_noise_of_one_half) {
  EXPECT_STREQ((objective::cdpo{.label_smoothing = 0.5}.invalid()),
               "cdpo: label_smoothing must be in [0, 1/2)");
  EXPECT_STREQ((objective::cdpo{.label_smoothing = -0.1}.invalid()),
               "cdpo: label_smoothing must be in [0, 1/2)");
}
}  // namespace
