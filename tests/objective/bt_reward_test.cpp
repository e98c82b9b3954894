// The reward model's Bradley-Terry loss: a worked example and golden values.
// SPDX-License-Identifier: MIT
#include "poft/objective/bt_reward.hpp"

#include "objective/support/golden_rows.hpp"

namespace {
using namespace poft;

TEST(bt_reward, worked_example) {
  // x = 1 - (-1) - 2 = 0: log 2 + 0.25 * 0 + 0.1 (1 - 1)^2; slopes -+(1/2 - 0.25) + 0.2 * 0
  objective::bt_reward const objective{.center = 0.1, .label_smoothing = 0.25};
  auto const result = value_and_gradient(objective, reward_pair<double>{1, -1, 2});
  EXPECT_NEAR(result.value, std::log(2.0), 1e-16);
  EXPECT_NEAR(result.gradient.chosen_reward, -0.25, 1e-16);
  EXPECT_NEAR(result.gradient.rejected_reward, 0.25, 1e-16);
}

TEST(bt_reward, golden) {
  golden::sources const from = {{"chosen_reward", "rw"}, {"rejected_reward", "rl"}, {"margin", "margin"}};
  for (auto const& one : golden::cases("E_reward_models", "bt_reward")) {
    golden::expect_rows(one, objective::bt_reward{.center = golden::hyper(one, "center")}, from);
  }
  for (auto const& one : golden::cases("L_extra", "bt_reward_smoothed")) {
    golden::expect_rows(one, objective::bt_reward{golden::hyper(one, "center"), golden::hyper(one, "eps")},
                        from);
  }
}

TEST(bt_reward, refuses_what_is_no_smoothing) {
  EXPECT_STREQ((objective::bt_reward{.label_smoothing = 0.5}.invalid()),
               "bt_reward: label_smoothing must be in [0, 0.5)");
  EXPECT_STREQ((objective::bt_reward{.center = -1}.invalid()), "bt_reward: center must be >= 0");
}
}  // namespace
