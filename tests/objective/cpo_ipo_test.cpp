// CPO with IPO's loss: a worked example.
// SPDX-License-Identifier: MIT
#include "poft/objective/cpo_ipo.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(cpo_ipo, worked_example) {
  // (-0.5 - 1 / (2 * 0.5))^2 = 2.25, slope -3 over each length; 0.5 * 3 / 2
  expect(objective::cpo_ipo{.beta = 0.5, .nll_coefficient = 0.5}, reference_free, 3, {-1.75, 0.6});
}
}  // namespace
