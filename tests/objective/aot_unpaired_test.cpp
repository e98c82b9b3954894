// Unpaired AOT: one order statistic, and a batch through its permutations.
// SPDX-License-Identifier: MIT
#include "poft/objective/aot_unpaired.hpp"

#include "objective/support/worked.hpp"
#include "poft/preference/sorted_pairing.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(aot_unpaired, worked_example) {
  double const slope = 0.5 * worked::sigmoid(-2);
  expect(objective::aot_unpaired{.beta = 0.5}, pair, worked::softplus(-2), {-slope, slope});
}

TEST(aot_unpaired, compares_sorted_log_ratios_of_chosen_and_rejected) {
  // chosen 0, -1; rejected -1, 5: sorted -1, 0 against -1, 5
  std::vector<double> const lw{-1, -2}, ll{-4, -3}, rw{-1, -1}, rl{-3, -8};
  auto const order    = preference::pair_log_ratios(lw, ll, rw, rl);
  double const want[] = {std::log(2.0), worked::softplus(5)};  // d = 0, -5
  for (std::size_t k = 0; k < 2; ++k) {
    std::size_t const i = order.one[k], j = order.other[k];
    EXPECT_NEAR((objective::aot_unpaired{.beta = 1}(preference_pair<double>{lw[i], ll[j], rw[i], rl[j]})),
                want[k], 1e-15);
  }
}
}  // namespace
