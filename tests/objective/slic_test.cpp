// SLiC: worked examples on both sides of the kink.
// SPDX-License-Identifier: MIT
#include "poft/objective/slic.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(slic, worked_example) {
  // 3 - (-3 + 5) = 1, and 0.1 * 2
  expect(objective::slic{.delta = 3, .lambda = 0.1}, reference_free_pair_with_target<double>{-3, -5, -2}, 1.2,
         {-1, 1, -0.1});
  expect(objective::slic{.delta = 1, .lambda = 0.1}, reference_free_pair_with_target<double>{-3, -5, -2}, 0.2,
         {0, 0, -0.1});
}
}  // namespace
