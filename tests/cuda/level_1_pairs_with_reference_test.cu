// Level 1 on the device: pairs with reference.
// SPDX-License-Identifier: MIT
#include "cuda/level_1.cuh"
#include "poft/objective/pairs_with_reference.hpp"

namespace {

class level_1_pairs_with_reference : public poft_test::on_device {};

TEST_F(level_1_pairs_with_reference, every_objective) {
  poft_test::expect_level_1_of_each<poft::objective::pairs_with_reference_objectives>(device());
}

}  // namespace
