// GSPO on responses and on tokens: worked example, golden values, relations to ppo_clip and to each other.
// SPDX-License-Identifier: MIT
#include "poft/objective/gspo.hpp"

#include "objective/support/token_rows.hpp"

namespace {
using namespace poft;
using objective::gspo, objective::gspo_token;

TEST(gspo, worked_example) {
  // (pi / pi_old)^(1/3) = 8^(1/3) = 2, above 1.2; for A = -3 it counts: 6, and each of three tokens gets 6/3
  gspo const objective{0.2, 0.2};
  auto const result =
      value_and_gradient(objective, policy_sequence<double>{std::log(8e-3), std::log(1e-3), 3, -3});
  EXPECT_NEAR(result.value, 6, 1e-14);
  EXPECT_NEAR(result.gradient.log_prob, 2, 1e-14);
}

/// Sums over the live tokens of each sequence.
std::vector<double> sums(golden::token_mask const& mask, std::vector<double> const& per_token) {
  std::vector<double> out(mask.tokens.size(), 0.0);
  for (std::size_t i = 0; i < per_token.size(); ++i) {
    if (mask.is_live[i] != 0) out[i / mask.time] += per_token[i];
  }
  return out;
}

TEST(gspo, golden) {
  for (auto const& one : golden::cases("L_extra", "gspo")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    golden::token_mask const mask(one);
    auto const got = golden::evaluate(gspo{golden::hyper(one, "eps_low"), golden::hyper(one, "eps_high")},
                                      {{"log_prob", sums(mask, golden::numbers(one["inputs"]["lp"]))},
                                       {"old_log_prob", sums(mask, golden::numbers(one["inputs"]["lp_old"]))},
                                       {"tokens", mask.tokens},
                                       {"advantage", golden::numbers(one["inputs"]["A"])}});
    golden::expect_close(got.loss, golden::numbers(one["outputs"]["loss"]), "loss");
    auto gradient = mask.spread(got.gradient.at("log_prob"));
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      gradient[i] *= mask.is_live[i] / static_cast<double>(mask.tokens.size());
    }
    golden::expect_close(gradient, golden::numbers(one["grad"]["lp"]), "d lp", golden::kinks_of(one, "lp"));
  }
}

TEST(gspo, golden_token) {
  for (auto const& one : golden::cases("L_extra", "gspo_token")) {
    golden::token_mask const mask(one);
    auto log_ratio = sums(mask, golden::numbers(one["inputs"]["lp"]));
    auto const old = sums(mask, golden::numbers(one["inputs"]["lp_old"]));
    for (std::size_t i = 0; i < old.size(); ++i) log_ratio[i] = (log_ratio[i] - old[i]) / mask.tokens[i];
    golden::expect_tokens(one, gspo_token{golden::hyper(one, "eps_low"), golden::hyper(one, "eps_high")},
                          {{"log_prob", golden::numbers(one["inputs"]["lp"])},
                           {"sequence_log_ratio", mask.spread(log_ratio)},
                           {"advantage", golden::numbers(one["inputs"]["A"])}},
                          objective::aggregation::sequence_mean);
  }
}

TEST(gspo, one_token_is_a_token_of_ppo) {
  for (double const advantage : {-1.0, 2.0}) {
    for (double const log_prob : {-2.0, -1.9, -2.5}) {
      auto const response =
          value_and_gradient(gspo{0.2, 0.2}, policy_sequence<double>{log_prob, -2, 1, advantage});
      auto const token =
          value_and_gradient(objective::ppo_clip{}, policy_step<double>{log_prob, -2, advantage});
      EXPECT_EQ(response.value, token.value);
      EXPECT_EQ(response.gradient.log_prob, token.gradient.log_prob);
    }
  }
}

TEST(gspo, tokens_with_one_advantage_are_the_response) {
  // log-ratios 0.3 and -0.1 of two tokens, mean 0.1
  auto const response = value_and_gradient(gspo{0.2, 0.2}, policy_sequence<double>{-1.8, -2, 2, 1.5});
  auto const token =
      value_and_gradient(gspo_token{0.2, 0.2}, policy_token_of_sequence<double>{-0.7, 0.1, 1.5});
  EXPECT_NEAR(response.value, token.value, 1e-15);
  EXPECT_NEAR(response.gradient.log_prob, token.gradient.log_prob / 2, 1e-15);
}

TEST(gspo, refuses_an_empty_band) {
  EXPECT_STREQ((gspo{.eps_low = 0}.invalid()), "gspo: eps_low and eps_high must be > 0");
  EXPECT_STREQ((gspo_token{.eps_high = 0}.invalid()), "gspo_token: eps_low and eps_high must be > 0");
}
}  // namespace
