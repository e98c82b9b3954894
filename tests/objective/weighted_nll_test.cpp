// Weighted likelihood with the weights of preference/: golden values of RWR, AWR and filters.
// SPDX-License-Identifier: MIT
#include "poft/objective/weighted_nll.hpp"

#include "objective/support/golden_rows.hpp"
#include "poft/preference/reward_weight.hpp"
#include "poft/preference/selection.hpp"

namespace {
using namespace poft;
using doubles = std::vector<double>;

void expect_weighted(nlohmann::json one, doubles const& weights) {
  if (one["outputs"].contains("weights")) {
    golden::expect_close(weights, golden::numbers(one["outputs"]["weights"]),
                         one["name"].get<std::string>() + " weights");
  }
  one["inputs"]["weights"] = weights;
  golden::expect_rows(one, objective::weighted_nll{}, {{"log_prob", "l"}, {"weight", "weights"}});
}
doubles rewards(nlohmann::json const& one) { return golden::numbers(one["inputs"]["R"]); }

/// n / kept for the kept samples, so that the mean over all n is the mean over the kept.
doubles weights_of(std::vector<std::size_t> const& kept, std::size_t samples) {
  doubles weights(samples, 0.0);
  for (std::size_t const i : kept)
    weights[i] = static_cast<double>(samples) / static_cast<double>(kept.size());
  return weights;
}

TEST(weighted_nll, golden_exponential_weights) {
  for (auto const& one : golden::cases("F_policy_gradient", "rwr")) {
    expect_weighted(one, preference::exponential_weights(rewards(one), golden::hyper(one, "beta")));
  }
}

TEST(weighted_nll, golden_normalised_weights) {
  for (auto one : golden::cases("F_policy_gradient", "rwr_normalised")) {
    auto weights = preference::normalised_weights(rewards(one), golden::hyper(one, "beta"));
    golden::expect_close(weights, golden::numbers(one["outputs"]["weights"]), "weights");
    one["outputs"].erase("weights");  // the listed losses are n times the terms of the sum
    for (double& weight : weights) weight *= static_cast<double>(weights.size());
    expect_weighted(one, weights);
  }
}

TEST(weighted_nll, golden_clipped_weights) {
  for (auto const& one : golden::cases("F_policy_gradient", "awr")) {
    expect_weighted(
        one, preference::clipped_weights(rewards(one), golden::hyper(one, "b"), golden::hyper(one, "beta"),
                                         golden::hyper(one, "w_max")));
  }
}

TEST(weighted_nll, golden_filters) {
  for (auto const& one : golden::cases("L_extra", "filter_top_fraction")) {
    auto const reward = rewards(one);
    expect_weighted(
        one, weights_of(preference::keep_top_fraction(reward, golden::hyper(one, "alpha")), reward.size()));
  }
  for (auto const& one : golden::cases("L_extra", "filter_threshold")) {
    auto const reward = rewards(one);
    expect_weighted(
        one, weights_of(preference::keep_above(reward, golden::hyper(one, "threshold")), reward.size()));
  }
}

TEST(weighted_nll, hot_rewards_are_plain_likelihood) {
  // exp(R / beta) -> 1 as beta grows: RWR becomes supervised fine-tuning
  auto const weights = preference::exponential_weights(doubles{-3, 0.5, 7}, 1e300);
  for (double const weight : weights) {
    EXPECT_EQ(objective::weighted_nll{}(weighted_sequence<double>{-2.5, weight}), 2.5);
  }
}
}  // namespace
