// SimPO with CPO's likelihood term: a worked example.
// SPDX-License-Identifier: MIT
#include "poft/objective/cpo_simpo.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(cpo_simpo, worked_example) {
  // x = 2 * -0.5 - 0.5 = -1.5, and 0.3 * 3 / 2
  double const slope = 2 * worked::sigmoid(1.5);
  expect(objective::cpo_simpo{.nll_coefficient = 0.3}, reference_free, worked::softplus(1.5) + 0.45,
         {-slope / 2 - 0.15, slope / 5});
}
}  // namespace
