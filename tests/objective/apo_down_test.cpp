// APO-down: a worked example.
// SPDX-License-Identifier: MIT
#include "poft/objective/apo_down.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(apo_down, worked_example) {
  // r_w = 0.5, beta h = 2; sigmoid' = sigmoid(r) sigmoid(-r)
  double const of_margin = 0.5 * worked::sigmoid(2) * worked::sigmoid(-2);
  expect(objective::apo_down{.beta = 0.5}, pair, worked::sigmoid(0.5) + worked::sigmoid(-2),
         {0.5 * worked::sigmoid(0.5) * worked::sigmoid(-0.5) - of_margin, of_margin});
}
}  // namespace
