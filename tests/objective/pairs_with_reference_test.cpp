// Derivatives, extremes, vocabulary and parameters of every objective on pairs with a reference.
// SPDX-License-Identifier: MIT
#include "poft/objective/pairs_with_reference.hpp"

#include "objective/support/checks.hpp"

TEST(pairs_with_reference, every_objective_is_sound) {
  checks::expect_all<poft::objective::pairs_with_reference_objectives>();
}
