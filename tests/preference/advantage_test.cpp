// Advantages: worked examples, golden values, invariances, errors.
// SPDX-License-Identifier: MIT
#include "poft/preference/advantage.hpp"

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

void expect_near(doubles const& got, doubles const& want, double tolerance = 1e-14) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], tolerance) << i;
}

TEST(advantage, constant_baseline) { EXPECT_EQ(constant_baseline(doubles{1, 3}, 0.5), (doubles{0.5, 2.5})); }

TEST(advantage, running_mean_baseline_knows_only_earlier_batches) {
  running_mean state;
  EXPECT_EQ(running_mean_baseline(doubles{1, 3}, state), (doubles{1, 3}));   // nothing earlier: 0
  EXPECT_EQ(running_mean_baseline(doubles{5}, state), doubles{3});           // 5 - (1 + 3)/2
  EXPECT_EQ(running_mean_baseline(doubles{0, 3}, state), (doubles{-3, 0}));  // mean of 1, 3, 5
  EXPECT_EQ(state.count, 5);
  EXPECT_DOUBLE_EQ(state.mean, 12.0 / 5);
}

TEST(advantage, batch_mean_baseline) {
  // mean 3, population variance (4 + 0 + 4)/3
  expect_near(batch_mean_baseline(doubles{1, 3, 5}), {-2, 0, 2});
  double const deviation = std::sqrt(8.0 / 3);
  expect_near(
      batch_mean_baseline(doubles{1, 3, 5}, {.scale = advantage_scale::batch, .ddof = 0, .epsilon = 0}),
      {-2 / deviation, 0, 2 / deviation});
}

TEST(advantage, group_mean_std) {
  // group 1, 5: mean 3, Bessel deviation sqrt(8), population 2; group 2, 2: no variation
  doubles const rewards{1, 5, 2, 2};
  double const bessel = std::sqrt(8.0) + 1e-4;
  expect_near(group_mean_std(rewards, 2), {-2 / bessel, 2 / bessel, 0, 0});
  expect_near(group_mean_std(rewards, 2, {.ddof = 0, .epsilon = 0.5}), {-0.8, 0.8, 0, 0});
  expect_near(group_mean_std(rewards, 2, {.scale = advantage_scale::none}), {-2, 2, 0, 0});
  expect_near(dr_grpo(rewards, 2), {-2, 2, 0, 0});
}

TEST(advantage, group_mean_over_the_deviation_of_the_batch) {
  // rewards 1, 5, 0, 2: group means 3 and 1, mean of all 2, squares 1 + 9 + 4 + 0 = 14
  doubles const rewards{1, 5, 0, 2};
  double const bessel = std::sqrt(14.0 / 3) + 1e-4, population = std::sqrt(14.0 / 4) + 0.5;
  expect_near(group_mean_std(rewards, 2, {.scale = advantage_scale::batch}),
              {-2 / bessel, 2 / bessel, -1 / bessel, 1 / bessel});
  expect_near(group_mean_std(rewards, 2, {.scale = advantage_scale::batch, .ddof = 0, .epsilon = 0.5}),
              {-2 / population, 2 / population, -1 / population, 1 / population});
  // one group is the batch
  EXPECT_EQ(group_mean_std(rewards, 4, {.scale = advantage_scale::batch}), group_mean_std(rewards, 4));
}

TEST(advantage, equal_rewards_have_no_advantage_at_all) {
  // 0.1 summed three times and divided by 3 is not 0.1 in doubles
  doubles const rewards(3, 0.1), zero(3, 0.0);
  EXPECT_EQ(group_mean_std(rewards, 3, {.epsilon = 0}), zero);
  EXPECT_EQ(group_mean_std(rewards, 3, {.scale = advantage_scale::batch, .epsilon = 0}), zero);
  EXPECT_EQ(leave_one_out(rewards, 3), zero);
  EXPECT_EQ(batch_mean_baseline(rewards, {.scale = advantage_scale::batch, .ddof = 0, .epsilon = 0}), zero);
  EXPECT_EQ(whiten(rewards, {.epsilon = 0}), zero);
  EXPECT_EQ(whiten(rewards, {.shift_mean = false, .epsilon = 0}), rewards);
}

TEST(advantage, leave_one_out) {
  // 1 - (2 + 6)/2, 2 - (1 + 6)/2, 6 - (1 + 2)/2
  expect_near(leave_one_out(doubles{1, 2, 6}, 3), {-3, -1.5, 4.5});
  expect_near(leave_one_out(doubles{1, 2, 6, 6}, 2), {-1, 1, 0, 0});
}

TEST(advantage, whiten) {
  // mean 2, Bessel variance (1 + 1)/1 = 2; with epsilon 2 under the root the distance is 2
  expect_near(whiten(doubles{1, 3}, {.epsilon = 2}), {-0.5, 0.5});
  expect_near(whiten(doubles{1, 3}, {.shift_mean = false, .epsilon = 2}), {1.5, 2.5});
  // population variance (1 + 1)/2 = 1; with epsilon 3 the distance is 2
  expect_near(whiten(doubles{1, 3}, {.ddof = 0, .epsilon = 3}), {-0.5, 0.5});
  expect_near(whiten(doubles{1, 3}, {.shift_mean = false, .ddof = 0, .epsilon = 3}), {1.5, 2.5});
}

TEST(advantage, adding_a_constant_to_a_group_changes_nothing) {
  doubles const rewards{0.3, -1.2, 0.8, 2.0}, shifted{100.3, 98.8, -99.2, -98.0};
  expect_near(leave_one_out(rewards, 2), leave_one_out(shifted, 2), 1e-12);
  expect_near(group_mean_std(rewards, 2), group_mean_std(shifted, 2), 1e-12);
  expect_near(dr_grpo(rewards, 2), dr_grpo(shifted, 2), 1e-12);
}

TEST(advantage, groups_do_not_see_each_other) {
  doubles const first{0.3, -1.2, 0.8}, second{2.0, 1.0, -4.0}, both{0.3, -1.2, 0.8, 2.0, 1.0, -4.0};
  for (auto const& of : {+[](doubles const& r) { return group_mean_std(r, 3); },
                         +[](doubles const& r) { return leave_one_out(r, 3); }}) {
    doubles joined = of(first);
    for (double const one : of(second)) joined.push_back(one);
    EXPECT_EQ(of(both), joined);
  }
}

TEST(advantage, floats_are_summed_in_double) {
  std::vector<float> rewards(1000, 16777216.0f);  // 2^24: adding 1 is lost in float
  rewards[0] += 2.0f;
  auto const advantage = batch_mean_baseline(rewards);
  EXPECT_FLOAT_EQ(advantage[0], 1.998f);  // 2 - 2/1000
  EXPECT_FLOAT_EQ(advantage[1], -0.002f);
}

TEST(advantage, generalised_advantage) {
  // gamma 1/2, lambda 1/2, V = 1, 2, 3 and 4 after the end.
  // delta_2 = 1 + 2 - 3 = 0, delta_1 = 0 + 1.5 - 2 = -0.5, delta_0 = 2 + 1 - 1 = 2
  // A_2 = 0, A_1 = -0.5 + 0 = -0.5, A_0 = 2 - 0.25 x 0.5 = 1.875
  auto const result =
      generalised_advantage(doubles{2, 0, 1}, doubles{1, 2, 3}, 4, {.gamma = 0.5, .lambda = 0.5});
  expect_near(result.advantage, {1.875, -0.5, 0});
  expect_near(result.returns, {2.875, 1.5, 3});
}

TEST(advantage, generalised_advantage_between_its_ends) {
  doubles const rewards{1, -2, 0.5, 3}, values{0.2, 0.4, -1, 2};
  // lambda 1: the discounted return minus the value; 1 - 2/2 + 0.5/4 + 3/8 = 0.5 for t = 0
  auto const far_sighted = generalised_advantage(rewards, values, 0, {.gamma = 0.5, .lambda = 1});
  EXPECT_NEAR(far_sighted.returns[0], 0.5, 1e-15);
  EXPECT_NEAR(far_sighted.advantage[0], 0.3, 1e-15);
  // lambda 0: one-step errors; 1 + 0.4/2 - 0.2 = 1 for t = 0
  EXPECT_NEAR(generalised_advantage(rewards, values, 0, {.gamma = 0.5, .lambda = 0}).advantage[0], 1, 1e-15);
  // cut in two: the second half's first value and advantage carry on
  auto const second = generalised_advantage(doubles{0.5, 3}, doubles{-1, 2}, 0, {.gamma = 0.9, .lambda = 0});
  auto const first =
      generalised_advantage(doubles{1, -2}, doubles{0.2, 0.4}, -1, {.gamma = 0.9, .lambda = 0});
  auto const whole = generalised_advantage(rewards, values, 0, {.gamma = 0.9, .lambda = 0});
  EXPECT_EQ(first.advantage[1], whole.advantage[1]);
  EXPECT_EQ(second.advantage[0], whole.advantage[2]);
}

TEST(advantage, bad_input_is_named) {
  using poft::shape_error, poft::value_error;
  doubles const missing{1, NAN, 2, 3};
  expect_error<value_error>([&] { constant_baseline(missing, 0); }, {"constant_baseline: reward[1] is nan"});
  expect_error<value_error>([&] { batch_mean_baseline(missing); }, {"batch_mean_baseline: reward[1] is nan"});
  expect_error<value_error>([&] { group_mean_std(missing, 2); }, {"group_mean_std: reward[1] is nan"});
  expect_error<value_error>([&] { dr_grpo(missing, 2); }, {"dr_grpo: reward[1] is nan"});
  expect_error<value_error>([&] { leave_one_out(missing, 2); }, {"leave_one_out: reward[1] is nan"});
  expect_error<value_error>([&] { whiten(missing); }, {"whiten: advantage[1] is nan"});
  expect_error<value_error>([&] { generalised_advantage(doubles(4), missing); },
                            {"generalised_advantage: value[1] is nan"});
  expect_error<value_error>([&] { leave_one_out(doubles{1, -INFINITY}, 2); }, {"reward[1] is -inf"});

  expect_error<value_error>(
      [] {
        group_mean_std(doubles{1, 2}, 1);
      },
      {"group_mean_std: group size is 1", "at least 2"});
  expect_error<value_error>(
      [] {
        leave_one_out(doubles{1, 2}, 1);
      },
      {"leave_one_out: group size is 1", "at least 2"});
  expect_error<value_error>([] { dr_grpo(doubles{1, 2}, 0); }, {"dr_grpo: group size is 0"});
  EXPECT_EQ(dr_grpo(doubles{1, 2}, 1), (doubles{0, 0}));  // its own mean: no division, no error
  expect_error<value_error>([] { whiten(doubles{1}); }, {"1 advantage"});
  expect_error<value_error>([] { batch_mean_baseline(doubles{1}, {}); }, {"group size is 1"});
  expect_error<value_error>([] { batch_mean_baseline(doubles{1}, {.scale = advantage_scale::batch}); },
                            {"batch_mean_baseline: the batch has 1 reward"});
  expect_error<value_error>([] { whiten(doubles{1, 2}, {.ddof = 2}); }, {"whiten: ddof is 2"});
  expect_error<value_error>([] { whiten(doubles{1, 2}, {.epsilon = NAN}); }, {"whiten: epsilon is nan"});
  expect_error<shape_error>([] { leave_one_out(doubles{1, 2, 3}, 2); }, {"3 scores", "groups of 2"});
  expect_error<shape_error>([] { batch_mean_baseline(doubles{}); }, {"reward is empty"});
  expect_error<shape_error>(
      [] {
        generalised_advantage(doubles{1, 2}, doubles{1});
      },
      {"reward has 2", "value has 1"});
  expect_error<value_error>([] { group_mean_std(doubles{1, 2}, 2, {.ddof = 2}); }, {"ddof is 2"});
  expect_error<value_error>([] { group_mean_std(doubles{1, 2}, 2, {.epsilon = -1}); }, {"epsilon is -1"});
  expect_error<value_error>([] { generalised_advantage(doubles{1}, doubles{1}, 0, {.gamma = 1.5}); },
                            {"gamma is 1.5"});
  expect_error<value_error>([] { generalised_advantage(doubles{1}, doubles{1}, 0, {.lambda = NAN}); },
                            {"lambda is nan"});
  expect_error<value_error>([] { generalised_advantage(doubles{1}, doubles{1}, NAN); },
                            {"next_value is nan"});
  expect_error<value_error>([] { constant_baseline(doubles{1}, INFINITY); }, {"baseline is inf"});
}

#if __has_include(<nlohmann/json.hpp>)
advantage_scale scale_of(bool is_divided) {
  return is_divided ? advantage_scale::group : advantage_scale::none;
}

TEST(advantage, golden_reinforce) {
  for (auto const& one : golden::cases("F_policy_gradient", "reinforce")) {
    auto const& hyper  = one["hyper"];
    auto const rewards = golden::numbers(one["inputs"]["R"]);
    auto const got =
        hyper["baseline"] == "constant"
            ? constant_baseline(rewards, hyper["b"])
            : batch_mean_baseline(
                  rewards, {.scale = scale_of(hyper["normalise"]), .ddof = 0, .epsilon = hyper["std_eps"]});
    golden::expect_close(got, golden::numbers(one["outputs"]["advantage"]), one["name"]);
  }
}
TEST(advantage, golden_leave_one_out) {
  for (auto const& one : golden::cases("F_policy_gradient", "rloo"))
    golden::expect_close(leave_one_out(golden::numbers(one["inputs"]["R"]), one["shapes"]["R"][1]),
                         golden::numbers(one["outputs"]["advantage"]), one["name"]);
}
TEST(advantage, golden_group_mean_std) {
  for (auto const& one : golden::cases("F_policy_gradient", "grpo")) {
    auto const& hyper = one["hyper"];
    golden::expect_close(
        group_mean_std(
            golden::numbers(one["inputs"]["R"]), hyper["group"],
            {.scale = scale_of(hyper["scale"]), .ddof = hyper["std_ddof"], .epsilon = hyper["std_eps"]}),
        golden::numbers(one["outputs"]["advantage"]), one["name"]);
  }
}
#endif

}  // namespace
