// Level 1 on the device: unpaired.
// SPDX-License-Identifier: MIT
#include "cuda/level_1.cuh"
#include "poft/objective/unpaired.hpp"

namespace {

class level_1_unpaired : public poft_test::on_device {};

TEST_F(level_1_unpaired, every_objective) {
  poft_test::expect_level_1_of_each<poft::objective::unpaired_objectives>(device());
}

}  // namespace
