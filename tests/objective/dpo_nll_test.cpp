// DPO with a likelihood term: a worked example.
// SPDX-License-Identifier: MIT
#include "poft/objective/dpo_nll.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(dpo_nll, worked_example) {
  // beta h = 2, and 0.3 * 3 / 2 for the likelihood
  double const slope = 0.5 * worked::sigmoid(-2);
  expect(objective::dpo_nll{.beta = 0.5, .alpha = 0.3}, long_pair, worked::softplus(-2) + 0.45,
         {-slope - 0.15, slope});
}
}  // namespace
