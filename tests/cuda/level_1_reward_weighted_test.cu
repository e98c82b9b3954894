// Level 1 on the device: reward weighted.
// SPDX-License-Identifier: MIT
#include "cuda/level_1.cuh"
#include "poft/objective/reward_weighted.hpp"

namespace {

class level_1_reward_weighted : public poft_test::on_device {};

TEST_F(level_1_reward_weighted, every_objective) {
  poft_test::expect_level_1_of_each<poft::objective::reward_weighted_objectives>(device());
}

}  // namespace
