// IPO: a worked example on means.
// SPDX-License-Identifier: MIT
#include "poft/objective/ipo_norm.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(ipo_norm, worked_example) {
  // (1.1 - 2.5)^2 = 1.96, slope -2.8 over each length
  expect(objective::ipo_norm{.tau = 0.2}, long_pair, 1.96, {-1.4, 0.56});
}
}  // namespace
