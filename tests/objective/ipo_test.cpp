// IPO: a worked example on sums.
// SPDX-License-Identifier: MIT
#include "poft/objective/ipo.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(ipo, worked_example) {
  // 1 / (2 tau) = 2.5: (4 - 2.5)^2, slope 2 * 1.5
  expect(objective::ipo{.tau = 0.2}, pair, 2.25, {3, -3});
}
}  // namespace
