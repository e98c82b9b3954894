// The hinge loss per token: a worked example.
// SPDX-License-Identifier: MIT
#include "poft/objective/hinge_norm.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(hinge_norm, worked_example) {
  // 1 - 0.5 * 1.1
  expect(objective::hinge_norm{.beta = 0.5}, long_pair, 0.45, {-0.25, 0.1});
}
}  // namespace
