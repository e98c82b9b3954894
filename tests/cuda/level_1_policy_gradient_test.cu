// Level 1 on the device: policy gradient.
// SPDX-License-Identifier: MIT
#include "cuda/level_1.cuh"
#include "poft/objective/policy_gradient.hpp"

namespace {

class level_1_policy_gradient : public poft_test::on_device {};

TEST_F(level_1_policy_gradient, every_objective) {
  poft_test::expect_level_1_of_each<poft::objective::policy_gradient_objectives>(device());
}

}  // namespace
