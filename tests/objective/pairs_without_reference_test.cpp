// Derivatives, extremes, vocabulary and parameters of every objective on pairs without a reference.
// SPDX-License-Identifier: MIT
#include "poft/objective/pairs_without_reference.hpp"

#include "objective/support/checks.hpp"

TEST(pairs_without_reference, every_objective_is_sound) {
  checks::expect_all<poft::objective::pairs_without_reference_objectives>();
}
