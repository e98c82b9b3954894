// REINFORCE: a worked example, and golden values with each baseline of preference/advantage.hpp.
// SPDX-License-Identifier: MIT
#include "poft/objective/reinforce.hpp"

#include "objective/support/golden_rows.hpp"
#include "poft/objective/ppo_clip.hpp"
#include "poft/preference/advantage.hpp"

namespace {
using namespace poft;

TEST(reinforce, worked_example) {
  // -(3)(-2) + 0.5 (-2)
  auto const result =
      value_and_gradient(objective::reinforce{.entropy_coefficient = 0.5}, on_policy_step<double>{-2, 3});
  EXPECT_EQ(result.value, 5.0);
  EXPECT_EQ(result.gradient.log_prob, -2.5);
}

TEST(reinforce, golden) {
  for (auto one : golden::cases("F_policy_gradient", "reinforce")) {
    auto const reward      = golden::numbers(one["inputs"]["R"]);
    bool const is_constant = one["hyper"]["baseline"] == "constant";
    auto const advantage =
        is_constant
            ? preference::constant_baseline(reward, golden::hyper(one, "b"))
            : preference::batch_mean_baseline(
                  reward, {.scale = one["hyper"]["normalise"].get<bool>() ? preference::advantage_scale::batch
                                                                          : preference::advantage_scale::none,
                           .ddof  = 0,
                           .epsilon = golden::hyper(one, "std_eps")});
    golden::expect_close(advantage, golden::numbers(one["outputs"]["advantage"]), "advantage");
    one["inputs"]["advantage"] = advantage;
    golden::expect_rows(one, objective::reinforce{golden::hyper(one, "entropy_coef")},
                        {{"log_prob", "l"}, {"advantage", "advantage"}});
  }
}

TEST(reinforce, golden_leave_one_out) {
  for (auto one : golden::cases("F_policy_gradient", "rloo")) {
    auto const group           = one["shapes"]["R"][1].get<std::size_t>();
    one["inputs"]["advantage"] = preference::leave_one_out(golden::numbers(one["inputs"]["R"]), group);
    golden::expect_rows(one, objective::reinforce{}, {{"log_prob", "l"}, {"advantage", "advantage"}});
  }
}

TEST(reinforce, is_the_gradient_of_ppo_at_the_policy_that_drew_the_samples) {
  for (double const advantage : {1.5, -0.25, 0.0}) {
    auto const own     = value_and_gradient(objective::reinforce{}, on_policy_step<double>{-3, advantage});
    auto const clipped = value_and_gradient(objective::ppo_clip{}, policy_step<double>{-3, -3, advantage});
    EXPECT_EQ(own.gradient.log_prob, clipped.gradient.log_prob);
  }
}

TEST(reinforce, refuses_a_negative_bonus) {
  EXPECT_STREQ((objective::reinforce{.entropy_coefficient = -1}.invalid()),
               "reinforce: entropy_coefficient must be >= 0");
}
}  // namespace
