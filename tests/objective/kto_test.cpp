// KTO: worked examples, weights, the baseline in log-ratio units.
// SPDX-License-Identifier: MIT
#include "poft/objective/kto.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(kto, worked_example) {
  // a = 1, z = 3: beta (a - z) = -1. Desirable: 2 (1 - sigmoid(-1)); undesirable: 3 (1 - sigmoid(1))
  objective::kto const objective{.beta = 0.5, .desirable_weight = 2, .undesirable_weight = 3};
  double const slope = 0.5 * worked::sigmoid(1) * worked::sigmoid(-1);
  expect(objective, labelled_sequence_with_baseline<double>{-3, -4, 1, 3}, 2 * worked::sigmoid(1),
         {-2 * slope});
  expect(objective, labelled_sequence_with_baseline<double>{-3, -4, 0, 3}, 3 * worked::sigmoid(-1),
         {3 * slope});
}

TEST(kto, refuses_negative_weights) {
  EXPECT_STREQ((objective::kto{.desirable_weight = -1}.invalid()), "kto: desirable_weight must be >= 0");
}
}  // namespace
