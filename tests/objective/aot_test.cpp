// AOT: one order statistic, and a batch through its permutations.
// SPDX-License-Identifier: MIT
#include "poft/objective/aot.hpp"

#include "objective/support/worked.hpp"
#include "poft/preference/sorted_pairing.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(aot, worked_example) {
  // (-3 + 5) - (-4 + 2) = 4, beta d = 2, slope beta (sigmoid(2) - 0.9)
  double const value = 0.9 * worked::softplus(-2) + 0.1 * worked::softplus(2);
  double const slope = 0.5 * (worked::sigmoid(2) - 0.9);
  expect(objective::aot{.beta = 0.5, .label_smoothing = 0.1}, pair, value, {slope, -slope});
}

TEST(aot, compares_sorted_policy_margins_with_sorted_reference_margins) {
  // policy margins 3, 1; reference margins 2, 7: sorted 1, 3 against 2, 7
  std::vector<double> const lw{-1, -2}, ll{-4, -3}, rw{-1, -1}, rl{-3, -8};
  auto const order    = preference::pair_margins(lw, ll, rw, rl);
  double const want[] = {worked::softplus(1), worked::softplus(4)};  // d = -1, -4
  for (std::size_t k = 0; k < 2; ++k) {
    std::size_t const i = order.one[k], j = order.other[k];
    EXPECT_NEAR((objective::aot{.beta = 1}(preference_pair<double>{lw[i], ll[i], rw[j], rl[j]})), want[k],
                1e-15);
  }
}
}  // namespace
