// PPO's clip: worked examples, golden values on sequences and tokens, ratios beyond the type.
// SPDX-License-Identifier: MIT
#include "poft/objective/ppo_clip.hpp"

#include "objective/support/token_rows.hpp"
#include "poft/objective/kl_penalty.hpp"
#include "poft/preference/advantage.hpp"

namespace {
using namespace poft;
using objective::ppo_clip, objective::with_kl, objective::k1, objective::k2, objective::k3;

TEST(ppo_clip, worked_example) {
  // rho = 1.5 is above 1.2: a good action no longer pulls, a bad one is pushed with its full ratio
  double const old = std::log(0.2), now = std::log(0.3);
  auto const good = value_and_gradient(ppo_clip{}, policy_step<double>{now, old, 2});
  auto const bad  = value_and_gradient(ppo_clip{}, policy_step<double>{now, old, -2});
  EXPECT_NEAR(good.value, -2.4, 1e-15);
  EXPECT_EQ(good.gradient.log_prob, 0.0);
  EXPECT_NEAR(bad.value, 3.0, 1e-14);
  EXPECT_NEAR(bad.gradient.log_prob, 3.0, 1e-14);
}

/// f(surrogate, with_kl or not) for the case's hyperparameters.
template <class F>
void with_objective_of(nlohmann::json const& one, F f) {
  ppo_clip const clip{golden::hyper(one, "eps_low"), golden::hyper(one, "eps_high")};
  double const coefficient = golden::hyper(one, "kl_coef");
  std::string const kl     = one["hyper"]["kl"];
  if (kl == "none") return f(clip);
  if (kl == "k1") return f(with_kl<ppo_clip, k1>{clip, coefficient});
  if (kl == "k2") return f(with_kl<ppo_clip, k2>{clip, coefficient});
  if (kl == "k3") return f(with_kl<ppo_clip, k3>{clip, coefficient});
  FAIL() << "no such estimator: " << kl;
}

TEST(ppo_clip, golden_sequences) {
  for (auto const& one : golden::cases("F_policy_gradient", "ppo_seq")) {
    with_objective_of(one, [&](auto const& objective) {
      golden::expect_rows(one, objective,
                          {{"log_prob", "l"},
                           {"old_log_prob", "l_old"},
                           {"reference_log_prob", "l_ref"},
                           {"advantage", "A"}});
    });
  }
}

TEST(ppo_clip, golden_tokens) {
  for (auto const& one : golden::cases("F_policy_gradient", "ppo_token")) {
    with_objective_of(one, [&](auto const& objective) {
      golden::expect_tokens(one, objective, golden::token_columns(one, golden::numbers(one["inputs"]["A"])),
                            golden::aggregation_of(one));
    });
  }
}

void expect_grouped(char const* family, char const* name) {
  for (auto const& one : golden::cases(family, name)) {
    auto const group     = static_cast<std::size_t>(golden::hyper(one, "group"));
    auto const advantage = preference::group_mean_std(
        golden::numbers(one["inputs"]["R"]), group,
        {.scale   = one["hyper"]["scale"].get<bool>() ? preference::advantage_scale::group
                                                      : preference::advantage_scale::none,
         .ddof    = static_cast<int>(golden::hyper(one, "std_ddof")),
         .epsilon = golden::hyper(one, "std_eps")});
    golden::expect_close(advantage, golden::numbers(one["outputs"]["advantage"]), "advantage");
    with_objective_of(one, [&](auto const& objective) {
      golden::expect_tokens(one, objective, golden::token_columns(one, advantage),
                            golden::aggregation_of(one));
    });
  }
}
TEST(ppo_clip, golden_grpo_dr_grpo_and_dapo) {
  expect_grouped("F_policy_gradient", "grpo");
  expect_grouped("L_extra", "grpo");
  expect_grouped("L_extra", "drgrpo");
  expect_grouped("L_extra", "dapo");
}

TEST(ppo_clip, a_ratio_beyond_the_type_is_infinite_only_where_it_counts) {
  ppo_clip const objective;
  policy_step<float> const far{.log_prob = -1, .old_log_prob = -1e4f, .advantage = 0};
  auto const idle = value_and_gradient(objective, far);
  EXPECT_EQ(idle.value, 0.0f);  // inf * 0 would be NaN
  EXPECT_EQ(idle.gradient.log_prob, 0.0f);
  EXPECT_EQ(objective(policy_step<float>{-1, -1e4f, 1}), -1.2f);
  EXPECT_EQ(objective(policy_step<float>{-1, -1e4f, -1}), INFINITY);
  EXPECT_EQ(objective(policy_step<float>{-1e4f, -1, -1}), 0.8f);
}

TEST(ppo_clip, refuses_an_empty_band) {
  EXPECT_STREQ((ppo_clip{.eps_low = 0}.invalid()), "ppo_clip: eps_low must be > 0");
  EXPECT_STREQ((ppo_clip{.eps_high = NAN}.invalid()), "ppo_clip: eps_high must be > 0");
}
}  // namespace
