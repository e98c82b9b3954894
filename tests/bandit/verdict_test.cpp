// The verdict rule, case by case.
// SPDX-License-Identifier: MIT
#include "poft/bandit/verdict.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace poft::bandit;
using enum verdict;

TEST(verdict, of_a_difference) {
  auto const greater = [](double lower, double mean, double upper) {
    return judge({mean, lower, upper}, direction::greater, 0.05);
  };
  EXPECT_EQ(greater(0.01, 0.06, 0.11), holds);
  EXPECT_EQ(greater(-0.01, 0.06, 0.13), undecided);     // may be nothing
  EXPECT_EQ(greater(0.01, 0.04, 0.07), undecided);      // surely something, perhaps too little
  EXPECT_EQ(greater(0.01, 0.02, 0.03), does_not_hold);  // surely too little
  EXPECT_EQ(greater(-0.3, -0.2, -0.1), does_not_hold);
}

TEST(verdict, of_a_small_difference) {
  auto const within = [](double lower, double mean, double upper) {
    return judge({mean, lower, upper}, direction::within, 0.05);
  };
  EXPECT_EQ(within(-0.04, 0.0, 0.04), holds);
  EXPECT_EQ(within(-0.06, 0.0, 0.04), undecided);
  EXPECT_EQ(within(0.06, 0.07, 0.08), does_not_hold);
  EXPECT_EQ(within(-0.08, -0.07, -0.06), does_not_hold);
}

TEST(verdict, of_several_contrasts) {
  EXPECT_EQ(all_of(std::vector{holds, holds}), holds);
  EXPECT_EQ(all_of(std::vector{holds, undecided}), undecided);
  EXPECT_EQ(all_of(std::vector{undecided, does_not_hold}), does_not_hold);
  EXPECT_EQ(all_of({}), undecided);
  EXPECT_STREQ(text(does_not_hold), "does not hold");
}

}  // namespace
