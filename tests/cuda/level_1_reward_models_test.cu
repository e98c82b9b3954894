// Level 1 on the device: reward models.
// SPDX-License-Identifier: MIT
#include "cuda/level_1.cuh"
#include "poft/objective/reward_models.hpp"

namespace {

class level_1_reward_models : public poft_test::on_device {};

TEST_F(level_1_reward_models, every_objective) {
  poft_test::expect_level_1_of_each<poft::objective::reward_model_objectives>(device());
}

}  // namespace
