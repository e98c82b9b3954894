// Level 1 on the device: supervised.
// SPDX-License-Identifier: MIT
#include "cuda/level_1.cuh"
#include "poft/objective/supervised.hpp"

namespace {

class level_1_supervised : public poft_test::on_device {};

TEST_F(level_1_supervised, every_objective) {
  poft_test::expect_level_1_of_each<poft::objective::supervised_objectives>(device());
}

}  // namespace
