// SimPO: worked examples.
// SPDX-License-Identifier: MIT
#include "poft/objective/simpo.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(simpo, worked_example) {
  // x = 2 * -0.5 - 0.5 = -1.5
  double const slope = 2 * worked::sigmoid(1.5);
  expect(objective::simpo{}, reference_free, worked::softplus(1.5), {-slope / 2, slope / 5});
  double const smoothed = 2 * (worked::sigmoid(-1.5) - 0.9);
  expect(objective::simpo{.label_smoothing = 0.1}, reference_free,
         0.9 * worked::softplus(1.5) + 0.1 * worked::softplus(-1.5), {smoothed / 2, -smoothed / 5});
}

TEST(simpo, has_the_authors_defaults) {
  EXPECT_EQ(objective::simpo{}.beta, 2.0);
  EXPECT_EQ(objective::simpo{}.gamma / objective::simpo{}.beta, 0.25);
}
}  // namespace
