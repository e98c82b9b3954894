// AlphaPO: a worked example, SimPO at 0, rewards that overflow.
// SPDX-License-Identifier: MIT
#include "poft/objective/alphapo.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(alphapo, worked_example) {
  // R(p) = (1 - e^-p) at alpha 1: R(-1.5) - R(-1) = e^1 - e^1.5, slopes e^1.5 / 2 and e^1 / 5
  double const x = 0.5 * (std::exp(1.0) - std::exp(1.5)) - 0.25, slope = 0.5 * worked::sigmoid(-x);
  expect(objective::alphapo{.beta = 0.5, .gamma = 0.25, .alpha = 1}, reference_free, worked::softplus(-x),
         {-slope * std::exp(1.5) / 2, slope * std::exp(1.0) / 5});
}

TEST(alphapo, without_reshaping_is_simpo) {
  double const slope = 2 * worked::sigmoid(1.5);
  expect(objective::alphapo{.beta = 2, .gamma = 0.5, .alpha = 0}, reference_free, worked::softplus(1.5),
         {-slope / 2, slope / 5});
}

TEST(alphapo, a_tie_of_overflowing_rewards_is_a_tie) {
  EXPECT_FLOAT_EQ(
      (objective::alphapo{.gamma = 0, .alpha = 1}(reference_free_pair<float>{-1000, -1000, 1, 1})),
      std::log(2.0f));
}
}  // namespace
