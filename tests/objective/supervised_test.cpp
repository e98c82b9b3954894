// Derivatives, extremes, vocabulary and parameters of every supervised objective.
// SPDX-License-Identifier: MIT
#include "poft/objective/supervised.hpp"

#include "objective/support/stopped_gradients.hpp"

TEST(supervised, every_objective_is_sound) {
  using namespace poft::objective;
  checks::expect_all_with_stopped_gradients<supervised_objectives>(poft::objective_list<dft>{});
}
