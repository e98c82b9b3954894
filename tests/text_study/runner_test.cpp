// What runs are made of: how well scores separate noise, what weights are worth, and P1's check.
// SPDX-License-Identifier: MIT
#include "text_study/runner.hpp"

#include <gtest/gtest.h>

#include "text_study/gradient.hpp"

namespace {

using namespace text_study;

TEST(runner, auroc_by_hand) {
  std::vector<sample> samples(5);
  samples[1].clean = samples[3].clean = false;
  // Clean 0.9, 0.4, 0.2 against spoilt 0.3, 0.2: of 6 pairs 2 + 2 + half a tie are won.
  EXPECT_NEAR(auroc(samples, {0.9, 0.3, 0.4, 0.2, 0.2}), 4.5 / 6, 1e-15);
  EXPECT_NEAR(auroc(samples, {1, 0, 1, 0, 1}), 1, 1e-15);
  EXPECT_NEAR(auroc(samples, {0, 0, 0, 0, 0}), 0.5, 1e-15);
  EXPECT_TRUE(std::isnan(auroc({samples[0]}, {1})));
}

TEST(runner, effective_share_by_hand) {
  EXPECT_NEAR(effective_share({2, 2, 2, 2}), 1, 1e-15);
  EXPECT_NEAR(effective_share({1, 0, 0, 0}), 0.25, 1e-15);
  EXPECT_NEAR(effective_share({3, 1}), 16.0 / 20, 1e-15);
}

// Eq. 7 - 9 of arXiv:2412.12865 through model, trainer and objective.
TEST(runner, gradients_of_poft_are_tau_times_those_of_sft) {
  auto const checks = check_gradients(1);
  ASSERT_EQ(checks.size(), 2u);
  for (gradient_check const& one : checks) {
    EXPECT_LT(one.error, 1e-12) << one.target;
    EXPECT_GT(one.inside, 0);
    EXPECT_GT(one.rise, 0);
  }
}

}  // namespace
