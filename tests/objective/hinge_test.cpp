// The hinge loss: worked examples on both sides of the kink.
// SPDX-License-Identifier: MIT
#include "poft/objective/hinge.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(hinge, worked_example) {
  expect(objective::hinge{.beta = 0.1}, pair, 0.6, {-0.1, 0.1});  // 1 - 0.4
  expect(objective::hinge{.beta = 0.5}, pair, 0, {0, 0});         // 1 - 2
  expect(objective::hinge{.beta = 0.25}, pair, 0, {0, 0});        // the kink
}
}  // namespace
