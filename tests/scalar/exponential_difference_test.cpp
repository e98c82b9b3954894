// A difference of exponentials: accuracy beside a tie and far from it, slopes at both ends of the range, ties and NaN.
// SPDX-License-Identifier: MIT
#include "poft/scalar/exponential_difference.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace {

using poft::exponential_difference;
using pair_of_floats = poft::dual<float, 2>;

TEST(exponential_difference, is_accurate_beside_a_tie_and_far_from_it) {
  for (double const rate : {-1.0, -0.25, 0.5, 3.0}) {
    for (double const a : {-7.0, -0.1, 0.0, 2.5}) {
      for (double const apart : {-4.0, -1e-3, -1e-9, 1e-9, 0.2, 5.0}) {
        double const b = a + apart;
        long double const want =
            std::exp(static_cast<long double>(rate) * b) *
            std::expm1(static_cast<long double>(rate) * (static_cast<long double>(a) - b)) / rate;
        EXPECT_NEAR(exponential_difference(a, b, rate), static_cast<double>(want),
                    4e-15 * std::abs(static_cast<double>(want)))
            << rate << " " << a << " " << b;
      }
    }
  }
  EXPECT_EQ(exponential_difference(3.0, 1.0, 0.0), 2.0);  // the limit
}

TEST(exponential_difference, a_tie_is_0_and_the_type_ends_where_the_value_does) {
  EXPECT_EQ(exponential_difference(1000.0f, 1000.0f, 1.0f), 0.0f);
  EXPECT_EQ(exponential_difference(-1000.0f, -1000.0f, -1.0f), 0.0f);
  EXPECT_EQ(exponential_difference(1000.0f, -1000.0f, 1.0f), INFINITY);
  EXPECT_EQ(exponential_difference(-1000.0f, 1000.0f, 1.0f), -INFINITY);
  EXPECT_NEAR(exponential_difference(88.0f, 80.0f, 1.0f), std::exp(88.0) - std::exp(80.0), 1e33);
}

TEST(exponential_difference, slopes_are_those_of_each_exponential) {
  // d/da = exp(rate a), d/db = -exp(rate b), also where the other one is far beyond the type
  auto const at = [](float a, float b, float rate) {
    return exponential_difference(pair_of_floats(a, 0), pair_of_floats(b, 1), rate);
  };
  auto const near_both = at(1.0f, -2.0f, 0.5f);
  EXPECT_FLOAT_EQ(near_both.partial[0], std::exp(0.5f));
  EXPECT_FLOAT_EQ(near_both.partial[1], -std::exp(-1.0f));
  for (float const side : {1.0f, -1.0f}) {
    auto const far = at(170.0f * side, 0.0f, side);
    EXPECT_GT(far.partial[0], 1e30f);
    EXPECT_TRUE(std::isfinite(far.partial[0]));
    EXPECT_FLOAT_EQ(far.partial[1], -1.0f);
    auto const mirrored = at(0.0f, 170.0f * side, side);
    EXPECT_FLOAT_EQ(mirrored.partial[0], 1.0f);
    EXPECT_LT(mirrored.partial[1], -1e30f);
  }
}

TEST(exponential_difference, a_nan_is_kept) {
  EXPECT_TRUE(std::isnan(exponential_difference(std::nan(""), 1.0, -1.0)));
  EXPECT_TRUE(std::isnan(exponential_difference(1.0, std::nan(""), -1.0)));
}

}  // namespace
