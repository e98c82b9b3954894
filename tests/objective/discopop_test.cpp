// DiscoPOP: a worked example, and the point where the literal formula is not a number.
// SPDX-License-Identifier: MIT
#include "poft/objective/discopop.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(discopop, worked_example) {
  // x = 2, tau = 0.5, m = sigmoid(4); dL/dx = -sigmoid(-x)(1 - m) - e^-x m + (e^-x - log(1 + e^-x)) m (1 - m) / tau
  double const m = worked::sigmoid(4), rest = worked::sigmoid(-4), e = std::exp(-2.0);
  double const slope =
      0.5 * (-worked::sigmoid(-2) * rest - e * m + (e - worked::softplus(-2)) * m * rest / 0.5);
  expect(objective::discopop{.beta = 0.5, .tau = 0.5}, pair, rest * worked::softplus(-2) + m * e,
         {slope, -slope});
}

TEST(discopop, joins_the_factors_that_would_be_0_times_infinity) {
  // x = -100, m = e^-2000: only log(1 + e^100) = 100 is left
  auto const result =
      value_and_gradient(objective::discopop{.beta = 1}, preference_pair<float>{-100, 0, 0, 0});
  EXPECT_EQ(result.value, 100.0f);
  EXPECT_EQ(result.gradient.chosen, -1.0f);
}

TEST(discopop, needs_a_tau_below_1) {
  EXPECT_STREQ((objective::discopop{.tau = 1}.invalid()), "discopop: tau must be in (0, 1)");
}
}  // namespace
