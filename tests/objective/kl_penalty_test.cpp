// The KL term alone and added to a surrogate: golden values on examples and on tokens.
// SPDX-License-Identifier: MIT
#include "poft/objective/kl_penalty.hpp"

#include "objective/support/token_rows.hpp"
#include "poft/objective/policy_gradient.hpp"

namespace {
using namespace poft;
using namespace poft::objective;

template <class Estimator>
void expect_penalty(char const* name) {
  EXPECT_STREQ(kl_penalty<Estimator>::name, name);
  for (auto const& one : golden::cases("L_extra", name)) {
    golden::expect_rows(one, kl_penalty<Estimator>{golden::hyper(one, "kl_coef")},
                        {{"log_prob", "l"}, {"reference_log_prob", "l_ref"}});
  }
}

TEST(kl_penalty, golden) {
  expect_penalty<k1>("kl_k1");
  expect_penalty<k2>("kl_k2");
  expect_penalty<k3>("kl_k3");
  expect_penalty<absolute_difference>("kl_abs");
  expect_penalty<k1_straight_through>("kl_k1_straight_through");
  expect_penalty<k3_straight_through>("kl_k3_straight_through");
}

/// A surrogate with the case's KL term.
template <class Surrogate>
void expect_policy_tokens(nlohmann::json const& one, Surrogate const& surrogate) {
  auto const in            = golden::token_columns(one, golden::numbers(one["inputs"]["A"]));
  auto const how           = golden::aggregation_of(one);
  double const coefficient = golden::hyper(one, "kl_coef");
  std::string const kl     = one["hyper"]["kl"];
  if (kl == "none") {
    golden::expect_tokens(one, surrogate, in, how);
    golden::expect_tokens(one, with_kl<Surrogate, k3>{surrogate, 0.0}, in, how);
  } else if (kl == "k1") {
    golden::expect_tokens(one, with_kl<Surrogate, k1>{surrogate, coefficient}, in, how);
  } else if (kl == "k2") {
    golden::expect_tokens(one, with_kl<Surrogate, k2>{surrogate, coefficient}, in, how);
  } else {
    ASSERT_EQ(kl, "k3");
    golden::expect_tokens(one, with_kl<Surrogate, k3>{surrogate, coefficient}, in, how);
  }
}

TEST(kl_penalty, golden_surrogates_with_it_on_tokens) {
  for (auto const& one : golden::cases("L_extra", "pg_token")) {
    auto const of               = [&](char const* name) { return golden::hyper(one, name); };
    std::string const surrogate = one["hyper"]["surrogate"];
    if (surrogate == "reinforce") {
      expect_policy_tokens(one, reinforce{});
    } else if (surrogate == "clip") {
      expect_policy_tokens(one, ppo_clip{of("eps_low"), of("eps_high")});
    } else if (surrogate == "dual_clip") {
      expect_policy_tokens(one, ppo_dual_clip{of("eps_low"), of("eps_high"), of("c")});
    } else if (surrogate == "two_sided") {
      expect_policy_tokens(one, ppo_two_sided{of("eps_low"), of("eps_high"), of("delta")});
    } else if (surrogate == "cispo_relative") {
      expect_policy_tokens(one, cispo_relative{of("eps_low"), of("eps_high")});
    } else if (surrogate == "cispo_absolute") {
      expect_policy_tokens(one, cispo_absolute{of("eps_high")});
    } else {
      ASSERT_EQ(surrogate, "sapo");
      expect_policy_tokens(one, sapo{of("tau_pos"), of("tau_neg")});
    }
  }
}

TEST(kl_penalty, names_are_put_together) {
  EXPECT_STREQ((with_kl<ppo_clip, k3>::name), "ppo_clip_k3");
  EXPECT_STREQ((with_kl<ppo_clip, k3>::parameters::at<2>::name), "kl_coefficient");
  EXPECT_EQ((with_kl<ppo_clip, k3>::parameters::count), 3);
}

TEST(kl_penalty, a_coefficient_of_zero_asks_for_no_reference) {
  with_kl<ppo_clip, k3> const objective{{}, 0.0};
  EXPECT_EQ(objective(anchored_policy_step<float>{-1, -1, 0, 2}), -2.0f);
  EXPECT_EQ(objective(anchored_policy_step<float>{-1e5f, -1e5f, 0, 2}), -2.0f);  // k3 alone is infinite
}

TEST(kl_penalty, two_infinite_slopes_are_not_nan) {
  // ratio e^200 and k3 e^100, then the other way round
  with_kl<ppo_clip, k3> const objective{{}, 1.0};
  auto const from_ratio = value_and_gradient(objective, anchored_policy_step<float>{-300, -500, -200, -1});
  auto const from_k3    = value_and_gradient(objective, anchored_policy_step<float>{-300, -400, -100, -1});
  EXPECT_EQ(from_ratio.value, INFINITY);
  EXPECT_EQ(from_ratio.gradient.log_prob, INFINITY);
  EXPECT_EQ(from_k3.value, INFINITY);
  EXPECT_EQ(from_k3.gradient.log_prob, -INFINITY);
  // equal exponents: 2 e^100 - e^100
  auto const tied = value_and_gradient(objective, anchored_policy_step<float>{-300, -400, -200, -2});
  EXPECT_EQ(tied.gradient.log_prob, INFINITY);
}

TEST(kl_penalty, refuses_negative_coefficients_and_what_its_surrogate_refuses) {
  EXPECT_STREQ((kl_penalty<k2>{0}.invalid()), "kl_penalty: coefficient must be > 0");
  EXPECT_STREQ((with_kl<ppo_clip, k2>{{}, -1}.invalid()), "with_kl: kl_coefficient must be >= 0");
  EXPECT_STREQ((with_kl<ppo_clip, k2>{{.eps_low = 0}, 1}.invalid()), "ppo_clip: eps_low must be > 0");
}
}  // namespace
