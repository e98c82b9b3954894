// Reward weights: worked examples, golden values, invariances, errors.
// SPDX-License-Identifier: MIT
#include "poft/preference/reward_weight.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "preference/expect_error.hpp"
#if __has_include(<nlohmann/json.hpp>)
#include "support/golden.hpp"
#endif

namespace {
using namespace poft::preference;
using doubles = std::vector<double>;

TEST(reward_weight, exponential) {
  // exp(2 log 3 / 2) = 3
  auto const weight = exponential_weights(doubles{0, 2 * std::log(3.0)}, 2);
  EXPECT_EQ(weight[0], 1);
  EXPECT_DOUBLE_EQ(weight[1], 3);
  // beyond the type: infinite, as the exact value would be for it
  EXPECT_EQ(exponential_weights(doubles{1000}, 1)[0], INFINITY);
  EXPECT_EQ(exponential_weights(doubles{-1000}, 1)[0], 0);
}

TEST(reward_weight, clipped) {
  // exp((1.5 - 0.5)/0.5) = e^2, limited to 5; a reward of 1e5 is limited, not infinite
  auto const weight = clipped_weights(doubles{0.5, 1.5, 1e5}, 0.5, 0.5, 5);
  EXPECT_EQ(weight, (doubles{1, 5, 5}));
  EXPECT_DOUBLE_EQ(clipped_weights(doubles{1.5}, 0.5, 0.5)[0], std::exp(2.0));
}

TEST(reward_weight, sigmoid) {
  // odds e^(log 3) = 3 : 1
  EXPECT_DOUBLE_EQ(sigmoid_weights(doubles{2 * std::log(3.0)}, 2)[0], 0.75);
  EXPECT_EQ(sigmoid_weights(doubles{0, 1e5, -1e5}, 1), (doubles{0.5, 1, 0}));
}

TEST(reward_weight, normalised) {
  // e^0 : e^log 3 = 1/4 : 3/4 in each group of two; over all four samples 1 : 3 : 1 : 3
  double const r        = std::log(3.0);
  auto const per_prompt = normalised_weights(doubles{0, r, 7, 7 + r}, 1, 2);
  EXPECT_NEAR(per_prompt[0], 0.25, 1e-15);
  EXPECT_NEAR(per_prompt[3], 0.75, 1e-15);
  auto const over_batch = normalised_weights(doubles{0, r, 0, r}, 1);
  EXPECT_NEAR(over_batch[0], 0.125, 1e-15);
  EXPECT_NEAR(over_batch[3], 0.375, 1e-15);
}

TEST(reward_weight, normalised_sums_to_one_and_ignores_a_shift) {
  std::vector<float> const rewards{0.5f, -2.0f, 1.0f, 30.0f}, shifted{100.5f, 98.0f, 101.0f, 130.0f};
  auto const weight = normalised_weights(rewards, 0.5), weight_shifted = normalised_weights(shifted, 0.5);
  float sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_FLOAT_EQ(weight[i], weight_shifted[i]);
    sum += weight[i];
  }
  EXPECT_FLOAT_EQ(sum, 1);
  // far apart: the best takes all, nothing overflows
  EXPECT_EQ(normalised_weights(doubles{1e5, -1e5}, 1e-3), (doubles{1, 0}));
}

TEST(reward_weight, bad_input_is_named) {
  using poft::shape_error, poft::value_error;
  doubles const missing{1, 2, NAN};
  expect_error<value_error>([&] { exponential_weights(missing, 1); },
                            {"exponential_weights: reward[2] is nan"});
  expect_error<value_error>([&] { clipped_weights(missing, 0, 1); }, {"clipped_weights: reward[2] is nan"});
  expect_error<value_error>([&] { sigmoid_weights(missing, 1); }, {"sigmoid_weights: reward[2] is nan"});
  expect_error<value_error>([&] { normalised_weights(missing, 1); },
                            {"normalised_weights: reward[2] is nan"});
  expect_error<value_error>([] { exponential_weights(doubles{1}, 0); }, {"beta is 0", "> 0"});
  expect_error<value_error>([] { normalised_weights(doubles{1}, -1); }, {"beta is -1"});
  expect_error<value_error>([] { clipped_weights(doubles{1}, 0, 1, 0); }, {"max_weight is 0"});
  expect_error<value_error>([] { clipped_weights(doubles{1}, NAN, 1); }, {"baseline is nan"});
  expect_error<shape_error>([] { normalised_weights(doubles{1, 2, 3}, 1, 2); }, {"3 scores", "groups of 2"});
  expect_error<shape_error>([] { normalised_weights(doubles{}, 1); }, {"reward is empty"});
}

#if __has_include(<nlohmann/json.hpp>)
TEST(reward_weight, golden_exponential) {
  for (auto const& one : golden::cases("F_policy_gradient", "rwr"))
    golden::expect_close(exponential_weights(golden::numbers(one["inputs"]["R"]), one["hyper"]["beta"]),
                         golden::numbers(one["outputs"]["weights"]), one["name"]);
}
TEST(reward_weight, golden_normalised) {
  for (auto const& one : golden::cases("F_policy_gradient", "rwr_normalised"))
    golden::expect_close(normalised_weights(golden::numbers(one["inputs"]["R"]), one["hyper"]["beta"]),
                         golden::numbers(one["outputs"]["weights"]), one["name"]);
}
TEST(reward_weight, golden_clipped) {
  for (auto const& one : golden::cases("F_policy_gradient", "awr")) {
    auto const& hyper = one["hyper"];
    golden::expect_close(
        clipped_weights(golden::numbers(one["inputs"]["R"]), hyper["b"], hyper["beta"], hyper["w_max"]),
        golden::numbers(one["outputs"]["weights"]), one["name"]);
  }
}
#endif

}  // namespace
