// APO-zero on single responses: a worked example, and KTO without a baseline.
// SPDX-License-Identifier: MIT
#include "poft/objective/apo_zero_unpaired.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(apo_zero_unpaired, worked_example) {
  // r = 0.5
  double const slope = 0.5 * worked::sigmoid(0.5) * worked::sigmoid(-0.5);
  expect(objective::apo_zero_unpaired{.beta = 0.5}, labelled_sequence<double>{-3, -4, 1},
         worked::sigmoid(-0.5), {-slope});
  expect(objective::apo_zero_unpaired{.beta = 0.5}, labelled_sequence<double>{-3, -4, 0},
         worked::sigmoid(0.5), {slope});
}

TEST(apo_zero_unpaired, is_kto_without_a_baseline) {
  EXPECT_EQ((objective::apo_zero_unpaired{}(labelled_sequence<double>{-3, -4, 1})),
            (objective::kto{}(labelled_sequence_with_baseline<double>{-3, -4, 1, 0})));
}
}  // namespace
