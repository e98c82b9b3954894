// Student's t: quantiles against tables, probabilities in closed form, intervals with the arithmetic written out.
// SPDX-License-Identifier: MIT
#include "poft/bandit/student_t.hpp"

#include <gtest/gtest.h>

#include <numbers>
#include <vector>

#include "poft/bandit/verdict.hpp"

namespace {

using namespace poft::bandit;

// 40-digit arithmetic (root of the regularised incomplete beta function); the first three digits stand in every table.
TEST(student_t, quantiles) {
  EXPECT_NEAR(student_t_quantile(0.975, 1), 12.706204736174705, 1e-10);
  EXPECT_NEAR(student_t_quantile(0.975, 4), 2.7764451051977944, 1e-12);
  EXPECT_NEAR(student_t_quantile(0.975, 9), 2.2621571627982055, 1e-12);
  EXPECT_NEAR(student_t_quantile(0.95, 30), 1.6972608865939578, 1e-12);
  EXPECT_NEAR(student_t_quantile(0.995, 2), 9.9248432009182931, 1e-11);
  EXPECT_EQ(student_t_quantile(0.5, 3), 0);
  EXPECT_EQ(student_t_quantile(0.025, 9), -student_t_quantile(0.975, 9));
  EXPECT_NEAR(student_t_quantile(0.975, 1e6), 1.959964, 1e-5);  // the normal's
  EXPECT_THROW(student_t_quantile(1, 3), poft::value_error);
  EXPECT_THROW(student_t_quantile(0.9, 0), poft::value_error);
}

TEST(student_t, probability_in_closed_form) {
  for (double const t : {-30.0, -2.0, -0.1, 0.0, 0.5, 3.0, 1000.0}) {
    // One degree of freedom is the Cauchy distribution; two have 1/2 + t / (2 sqrt(2 + t^2)).
    EXPECT_NEAR(student_t_probability(t, 1), 0.5 + std::atan(t) / std::numbers::pi, 1e-14);
    EXPECT_NEAR(student_t_probability(t, 2), 0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-14);
  }
}

// 1, 2, 3, 4, 5: mean 3, s^2 = 10 / 4, s / sqrt(5) = sqrt(1/2), so 3 -+ 2.7764451051977944 * 0.70710678118654752.
TEST(student_t, interval) {
  mean_interval const at = student_t_interval(std::vector<double>{1, 2, 3, 4, 5});
  EXPECT_DOUBLE_EQ(at.mean, 3);
  EXPECT_NEAR(at.upper, 3 + 1.9632431614775607, 1e-12);
  EXPECT_NEAR(at.lower, 3 - 1.9632431614775607, 1e-12);
  mean_interval const one = student_t_interval(std::vector<double>{7});
  EXPECT_EQ(one.mean, 7);
  EXPECT_TRUE(std::isinf(one.lower) && std::isinf(one.upper));
  EXPECT_THROW(student_t_interval({}), poft::value_error);
}

}  // namespace
