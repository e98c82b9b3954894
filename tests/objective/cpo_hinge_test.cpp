// CPO with the hinge loss: a worked example.
// SPDX-License-Identifier: MIT
#include "poft/objective/cpo_hinge.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(cpo_hinge, worked_example) {
  // 1 - 0.1 * 2, and 0.5 * 3 / 2
  expect(objective::cpo_hinge{.beta = 0.1, .nll_coefficient = 0.5}, reference_free, 1.55, {-0.35, 0.1});
}
}  // namespace
