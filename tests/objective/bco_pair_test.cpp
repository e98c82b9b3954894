// BCO on pairs: worked examples without and with a shift.
// SPDX-License-Identifier: MIT
#include "poft/objective/bco_pair.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(bco_pair, worked_example) {
  // r_w = 0.5, r_l = -1.5
  expect(objective::bco_pair{.beta = 0.5}, pair, worked::softplus(-0.5) + worked::softplus(-1.5),
         {-0.5 * worked::sigmoid(-0.5), 0.5 * worked::sigmoid(-1.5)});
  // a shift of 2: r_w - 2 = -1.5, r_l - 2 = -3.5
  expect(objective::bco_pair{.beta = 0.5, .delta = 2}, pair, worked::softplus(1.5) + worked::softplus(-3.5),
         {-0.5 * worked::sigmoid(1.5), 0.5 * worked::sigmoid(-3.5)});
}
}  // namespace
