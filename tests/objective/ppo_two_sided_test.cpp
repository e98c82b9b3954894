// Two-sided PPO: worked examples and golden values.
// SPDX-License-Identifier: MIT
#include "poft/objective/ppo_two_sided.hpp"

#include "objective/support/golden_rows.hpp"
#include "poft/objective/ppo_clip.hpp"

namespace {
using namespace poft;
using objective::ppo_two_sided;

TEST(ppo_two_sided, worked_example) {
  // A = -2: rho = 5 counts as 4, and no longer pushes
  auto const far = value_and_gradient(ppo_two_sided{}, policy_step<double>{std::log(5.0), 0, -2});
  EXPECT_EQ(far.value, 8.0);
  EXPECT_EQ(far.gradient.log_prob, 0.0);
}

TEST(ppo_two_sided, golden) {
  for (auto const& one : golden::cases("L_extra", "ppo_two_sided")) {
    golden::expect_rows(one,
                        ppo_two_sided{golden::hyper(one, "eps_low"), golden::hyper(one, "eps_high"),
                                      golden::hyper(one, "delta")},
                        {{"log_prob", "l"}, {"old_log_prob", "l_old"}, {"advantage", "A"}});
  }
}

TEST(ppo_two_sided, without_a_bound_is_plain_ppo) {
  for (double const advantage : {-1.0, 1.0}) {
    for (double const log_ratio : {-3.0, -0.1, 0.0, 0.1, 3.0}) {
      policy_step<double> const step{-5 + log_ratio, -5, advantage};
      EXPECT_EQ(ppo_two_sided{.max_ratio = INFINITY}(step), objective::ppo_clip{}(step));
    }
  }
}

TEST(ppo_two_sided, refuses_a_bound_inside_the_band) {
  EXPECT_STREQ((ppo_two_sided{.max_ratio = 1}.invalid()), "ppo_two_sided: max_ratio must be > 1");
}
}  // namespace
