// KTO's KL baselines: each estimator by a worked example, the clamp, micro-batches, errors.
// SPDX-License-Identifier: MIT
#include "poft/preference/kl_baseline.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "preference/expect_error.hpp"

namespace {
using namespace poft::preference;
using doubles = std::vector<double>;

TEST(kl_baseline, mismatched_is_the_clamped_mean) {
  EXPECT_EQ(mismatched_baseline(doubles{1, -0.5, 2.5}), 1.0);  // 3/3
  EXPECT_EQ(mismatched_baseline(doubles{1, -3}), 0.0);         // -1 is no divergence
  EXPECT_EQ(mismatched_baseline(std::vector<float>{0.5f, 1}), 0.75);
}

TEST(kl_baseline, mismatched_over_micro_batches_clamps_once) {
  // 2 and -1: the mean of all is 0.5; clamping each part first would give 1
  running_mean merged = running_mean::of(doubles{2});
  merged.merge(running_mean::of(doubles{-1}));
  EXPECT_EQ(mismatched_baseline(merged), 0.5);
  EXPECT_EQ(mismatched_baseline(merged), mismatched_baseline(doubles{2, -1}));
}

TEST(kl_baseline, each_half_takes_the_other) {
  auto const baseline = other_half_baseline(doubles{1, 2}, doubles{-4, 5});
  EXPECT_EQ(baseline.desirable, 0.5);
  EXPECT_EQ(baseline.undesirable, 1.5);
  EXPECT_EQ(other_half_baseline(doubles{1}, doubles{-1}).desirable, 0.0);
}

TEST(kl_baseline, given_and_zero) {
  EXPECT_EQ(given_baseline(0.25), 0.25);
  EXPECT_EQ(given_baseline(-0.25), 0.0);
  EXPECT_EQ(zero_baseline(), 0.0);
}

TEST(kl_baseline, bad_input_is_named) {
  using poft::shape_error, poft::value_error;
  expect_error<value_error>([] { mismatched_baseline(doubles{1}); },
                            {"mismatched_baseline", "1 example", "at least 2"});
  expect_error<value_error>([] { mismatched_baseline(running_mean{1, 0.5}); }, {"has 1 examples"});
  expect_error<value_error>([] { mismatched_baseline(doubles{1, NAN}); }, {"mismatched_log_ratio[1] is nan"});
  expect_error<shape_error>([] { other_half_baseline(doubles{1}, doubles{}); },
                            {"undesirable_log_ratio is empty"});
  expect_error<value_error>([] { other_half_baseline(doubles{-INFINITY}, doubles{1}); },
                            {"desirable_log_ratio[0] is -inf"});
  expect_error<value_error>([] { given_baseline(NAN); }, {"kl is nan"});
}

}  // namespace
