// Level 1 on the device: pairs without reference.
// SPDX-License-Identifier: MIT
#include "cuda/level_1.cuh"
#include "poft/objective/pairs_without_reference.hpp"

namespace {

class level_1_pairs_without_reference : public poft_test::on_device {};

TEST_F(level_1_pairs_without_reference, every_objective) {
  poft_test::expect_level_1_of_each<poft::objective::pairs_without_reference_objectives>(device());
}

}  // namespace
