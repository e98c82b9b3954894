// SPPO with certain verdicts: a worked example.
// SPDX-License-Identifier: MIT
#include "poft/objective/sppo_hard.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(sppo_hard, worked_example) {
  // 1 / (2 beta) = 1: (1 - 1)^2 + (-3 + 1)^2
  expect(objective::sppo_hard{.beta = 0.5}, pair, 4, {0, -4});
}
}  // namespace
