// IPO as the bandit study states it: a worked example, and the same loss as ipo.
// SPDX-License-Identifier: MIT
#include "poft/objective/ipo_bandit.hpp"

#include "objective/support/worked.hpp"
#include "poft/objective/ipo.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(ipo_bandit, worked_example) {
  // (4 - 1)^2
  expect(objective::ipo_bandit{.beta = 1}, pair, 9, {6, -6});
}

TEST(ipo_bandit, is_ipo_with_half_the_inverse) {
  // 1 / (2 * 0.2) = 2.5
  EXPECT_NEAR((objective::ipo_bandit{.beta = 2.5}(pair)), (objective::ipo{.tau = 0.2}(pair)), 1e-15);
}
}  // namespace
