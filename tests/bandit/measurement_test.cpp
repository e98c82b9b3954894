// What is read off a history, by hand.
// SPDX-License-Identifier: MIT
#include "poft/bandit/measurement.hpp"

#include <gtest/gtest.h>

namespace {

using namespace poft::bandit;

std::vector<measurement> example() {
  return {{.step = 0, .queries = 0, .reward = 0.1, .kl_policy_reference = 0},
          {.step = 1, .queries = 100, .reward = 0.5, .kl_policy_reference = 2},
          {.step = 2, .queries = 200, .reward = 0.95, .kl_policy_reference = 4},
          {.step                = 4,
           .queries             = 400,
           .reward              = 0.8,
           .kl_policy_reference = 5,
           .chosen_log_ratio    = 2,
           .rejected_log_ratio  = -1}};
}

// area: (0.1 + 0.5)/2 over 1 step, (0.5 + 0.95)/2 over 1, (0.95 + 0.8)/2 over 2: (0.3 + 0.725 + 1.75) / 4 = 0.69375.
// 0.9 is reached after 200 of 500 queries. KL 1 lies halfway between the first two points: 0.3; KL 3 between the next: 0.725.
TEST(measurement, summary) {
  run_summary const of = summarise(example(), 500);
  EXPECT_DOUBLE_EQ(of.start, 0.1);
  EXPECT_DOUBLE_EQ(of.final, 0.8);
  EXPECT_DOUBLE_EQ(of.best, 0.95);
  EXPECT_DOUBLE_EQ(of.area, 0.69375);
  EXPECT_DOUBLE_EQ(of.unspent, 0.6);
  EXPECT_DOUBLE_EQ(of.reward_at_kl_1, 0.3);
  EXPECT_DOUBLE_EQ(of.reward_at_kl_3, 0.725);
  EXPECT_TRUE(std::isnan(of.reward_at_kl_10));
  EXPECT_DOUBLE_EQ(of.final_kl, 5);
  EXPECT_DOUBLE_EQ(of.margin, 3);
  EXPECT_EQ(of.fell, 1);  // 0.95 - 0.8 > 0.1
}

TEST(measurement, reward_that_is_never_reached_leaves_nothing_unspent) {
  auto history = example();
  history.resize(2);
  EXPECT_EQ(summarise(history, 500).unspent, 0);
  EXPECT_EQ(summarise(history, 500).fell, 0);
}

}  // namespace
