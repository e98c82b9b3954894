// Derivatives, extremes, vocabulary and parameters of every objective on single labelled responses.
// SPDX-License-Identifier: MIT
#include "poft/objective/unpaired.hpp"

#include "objective/support/checks.hpp"

TEST(unpaired, every_objective_is_sound) {
  checks::expect_all<poft::objective::unpaired_objectives>();
}
