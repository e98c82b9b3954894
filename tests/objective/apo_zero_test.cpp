// APO-zero: a worked example.
// SPDX-License-Identifier: MIT
#include "poft/objective/apo_zero.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(apo_zero, worked_example) {
  // r_w = 0.5, r_l = -1.5; sigmoid' = sigmoid(r) sigmoid(-r)
  expect(objective::apo_zero{.beta = 0.5}, pair, worked::sigmoid(-0.5) + worked::sigmoid(-1.5),
         {-0.5 * worked::sigmoid(0.5) * worked::sigmoid(-0.5),
          0.5 * worked::sigmoid(1.5) * worked::sigmoid(-1.5)});
}
}  // namespace
