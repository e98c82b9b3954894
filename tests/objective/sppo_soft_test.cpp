// SPPO with a win probability: a worked example.
// SPDX-License-Identifier: MIT
#include "poft/objective/sppo_soft.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(sppo_soft, worked_example) {
  // (0.75 - 0.5) / 0.5 = 0.5: (1 - 0.5)^2 + (-3 + 0.5)^2
  expect(objective::sppo_soft{.beta = 0.5},
         preference_pair_with_win_probability<double>{-3, -5, -4, -2, 0.75}, 6.5, {1, -5});
}
}  // namespace
