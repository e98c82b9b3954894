// DPO-positive: worked examples on both sides of its penalty.
// SPDX-License-Identifier: MIT
#include "poft/objective/dpop.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(dpop, is_dpo_while_the_chosen_response_is_likelier_than_before) {
  double const slope = 0.5 * worked::sigmoid(-2);
  expect(objective::dpop{.beta = 0.5, .lambda = 50}, pair, worked::softplus(-2), {-slope, slope});
}

TEST(dpop, penalises_a_chosen_response_that_lost_probability) {
  // a_w = -1, a_l = -3: h = 2, penalty 5 * 1, beta (2 - 5) = -1.5; the chosen one's slope grows by 1 + 5
  double const slope = 0.5 * worked::sigmoid(1.5);
  expect(objective::dpop{.beta = 0.5, .lambda = 5}, preference_pair<double>{-5, -5, -4, -2},
         worked::softplus(1.5), {-6 * slope, slope});
}
}  // namespace
