// Length-normalised DPO: a worked example.
// SPDX-License-Identifier: MIT
#include "poft/objective/dpo_norm.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(dpo_norm, worked_example) {
  // beta (0.5 + 0.6) = 2.2; each derivative is divided by its own length
  double const slope = 2 * worked::sigmoid(-2.2);
  expect(objective::dpo_norm{.beta = 2}, long_pair, worked::softplus(-2.2), {-slope / 2, slope / 5});
}
}  // namespace
