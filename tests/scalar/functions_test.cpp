// The vocabulary on plain numbers: identities, limits and the places where a composed form would fail.
// SPDX-License-Identifier: MIT
#include "poft/scalar/functions.hpp"

#include <gtest/gtest.h>

namespace {

double const infinity = std::numeric_limits<double>::infinity();

TEST(functions, softplus_has_no_overflow_and_keeps_the_small_tail) {
  // log(1 + e^0) = log 2; far right it is x itself; far left e^x.
  EXPECT_DOUBLE_EQ(poft::softplus(0.0), std::log(2.0));
  EXPECT_EQ(poft::softplus(1e5), 1e5);
  EXPECT_DOUBLE_EQ(poft::softplus(-40.0), std::exp(-40.0));
  EXPECT_EQ(poft::softplus(-1e5), 0.0);
  EXPECT_EQ(poft::softplus(infinity), infinity);
  EXPECT_EQ(poft::softplus(-infinity), 0.0);
  EXPECT_TRUE(std::isnan(poft::softplus(std::nan(""))));
  EXPECT_FLOAT_EQ(poft::softplus(90.0f), 90.0f);  // -log(sigmoid(-90)) is inf in float
}

TEST(functions, softplus_and_sigmoid_agree_with_the_single_functions) {
  for (double x : {-1e4, -745.0, -30.0, -1.0, -1e-9, 0.0, 1e-9, 1.0, 30.0, 1e4}) {
    auto const both = poft::softplus_and_sigmoid(x);
    EXPECT_DOUBLE_EQ(both.softplus, poft::softplus(x)) << x;
    EXPECT_DOUBLE_EQ(both.sigmoid, poft::sigmoid(x)) << x;
  }
}

TEST(functions, sigmoid_is_exact_in_both_tails) {
  EXPECT_EQ(poft::sigmoid(0.0), 0.5);
  EXPECT_DOUBLE_EQ(poft::sigmoid(-700.0), std::exp(-700.0));
  EXPECT_EQ(poft::sigmoid(1e4), 1.0);
  EXPECT_EQ(poft::sigmoid(-1e4), 0.0);
  for (double x : {0.1, 3.0, 20.0})
    EXPECT_NEAR(poft::sigmoid(x) + poft::sigmoid(-x), 1.0, 3e-16) << x;  // two roundings
}

TEST(functions, log1mexp_is_accurate_on_both_branches) {
  // log(1 - 1/2) at x = -log 2, where the branches meet.
  EXPECT_DOUBLE_EQ(poft::log1mexp(-std::log(2.0)), -std::log(2.0));
  // Near 0: 1 - e^x = -x (1 + x/2 + ...), so the value is log(-x) + x/2 up to x^2/24.
  EXPECT_NEAR(poft::log1mexp(-1e-9), std::log(1e-9) - 0.5e-9, 8e-15);  // two units of the last place at 20.7
  // Far left: -e^x.
  EXPECT_DOUBLE_EQ(poft::log1mexp(-50.0), -std::exp(-50.0));
  EXPECT_EQ(poft::log1mexp(0.0), -infinity);
  EXPECT_EQ(poft::log1mexp(1e-17), -infinity);  // a log-prob a hair above 0 counts as 0
  EXPECT_EQ(poft::log1mexp(-infinity), 0.0);
}

TEST(functions, expm1_minus_does_not_cancel) {
  // e^x - x - 1 = x^2/2 + x^3/6 + x^4/24 + ...
  double const x = 1e-5;
  EXPECT_NEAR(poft::expm1_minus(x) / (x * x * (0.5 + x / 6 + x * x / 24)), 1.0, 1e-15);
  EXPECT_DOUBLE_EQ(poft::expm1_minus(0.25), std::expm1(0.25) - 0.25);
  EXPECT_NEAR(poft::expm1_minus(0.2499999999), std::expm1(0.2499999999) - 0.2499999999, 1e-16);
  EXPECT_DOUBLE_EQ(poft::expm1_minus(-3.0), std::exp(-3.0) + 2.0);
  EXPECT_EQ(poft::expm1_minus(0.0), 0.0);
}

TEST(functions, log_add_exp_and_log_odds) {
  EXPECT_DOUBLE_EQ(poft::log_add_exp(1000.0, 1000.0), 1000.0 + std::log(2.0));
  EXPECT_EQ(poft::log_add_exp(0.0, -1e5), 0.0);
  EXPECT_DOUBLE_EQ(poft::log_odds(std::log(0.8)), std::log(4.0));  // 0.8 / 0.2
}

TEST(functions, ties_kinks_and_nan) {
  EXPECT_EQ(poft::max(1.0, 2.0), 2.0);
  EXPECT_EQ(poft::min(1.0, 2.0), 1.0);
  EXPECT_TRUE(std::isnan(poft::max(0.0, std::nan(""))));
  EXPECT_TRUE(std::isnan(poft::min(0.0, std::nan(""))));
  EXPECT_EQ(poft::clamp(5.0, -1.0, 2.0), 2.0);
  EXPECT_EQ(poft::clamp(-5.0, -1.0, 2.0), -1.0);
  EXPECT_TRUE(std::isnan(poft::clamp(std::nan(""), -1.0, 2.0)));
}

}  // namespace
