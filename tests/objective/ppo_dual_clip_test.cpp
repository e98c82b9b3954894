// Dual-clip PPO: worked examples and golden values.
// SPDX-License-Identifier: MIT
#include "poft/objective/ppo_dual_clip.hpp"

#include "objective/support/golden_rows.hpp"
#include "poft/objective/ppo_clip.hpp"

namespace {
using namespace poft;
using objective::ppo_dual_clip;

TEST(ppo_dual_clip, worked_example) {
  // A = -2: rho = 5 counts as 3, rho = 2 as itself, rho = 0.5 as 0.8
  auto loss = [](double ratio) { return ppo_dual_clip{}(policy_step<double>{std::log(ratio), 0, -2}); };
  EXPECT_DOUBLE_EQ(loss(5), 6.0);
  EXPECT_DOUBLE_EQ(loss(2), 4.0);
  EXPECT_DOUBLE_EQ(loss(0.5), 1.6);
}

TEST(ppo_dual_clip, golden) {
  for (auto const& one : golden::cases("L_extra", "ppo_dual_clip")) {
    golden::expect_rows(
        one,
        ppo_dual_clip{golden::hyper(one, "eps_low"), golden::hyper(one, "eps_high"), golden::hyper(one, "c")},
        {{"log_prob", "l"}, {"old_log_prob", "l_old"}, {"advantage", "A"}});
  }
}

TEST(ppo_dual_clip, good_actions_are_plain_ppo) {
  for (double const log_ratio : {-3.0, -0.1, 0.0, 0.1, 3.0}) {
    policy_step<double> const step{-5 + log_ratio, -5, 1.5};
    EXPECT_EQ(ppo_dual_clip{}(step), objective::ppo_clip{}(step));
  }
}

TEST(ppo_dual_clip, refuses_a_bound_inside_the_band) {
  EXPECT_STREQ((ppo_dual_clip{.max_ratio = 1}.invalid()), "ppo_dual_clip: max_ratio must be > 1");
  EXPECT_STREQ((ppo_dual_clip{.eps_low = -1}.invalid()), "ppo_dual_clip: eps_low must be > 0");
}
}  // namespace
