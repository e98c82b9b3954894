// KL estimators: what they say, and what their gradients are on average.
// SPDX-License-Identifier: MIT
#include "poft/objective/kl_estimators.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "poft/scalar/dual.hpp"

namespace {
using namespace poft;
using namespace poft::objective;

/// Exact expectations for a policy (sigmoid(z), 1 - sigmoid(z)) against (1/4, 3/4), as functions of z.
struct coin {
  double heads = 0.6;

  template <class Estimator>
  dual<double, 1> at(bool is_heads) const {
    // d log sigmoid(z) = 1 - sigmoid(z), d log(1 - sigmoid(z)) = -sigmoid(z)
    double const log_ratio = is_heads ? std::log(heads / 0.25) : std::log((1 - heads) / 0.75);
    dual<double, 1> d(log_ratio);
    d.partial[0] = is_heads ? 1 - heads : -heads;
    return Estimator::of(d);
  }
  template <class Estimator>
  double mean_value() const {
    return heads * at<Estimator>(true).value + (1 - heads) * at<Estimator>(false).value;
  }
  template <class Estimator>
  double mean_gradient() const {
    return heads * at<Estimator>(true).partial[0] + (1 - heads) * at<Estimator>(false).partial[0];
  }
};

TEST(kl_estimators, values_and_gradients_are_what_the_table_says) {
  coin const coin;
  // KL(pi || ref) = 0.6 log(2.4) + 0.4 log(8/15); its slope is pi (1 - pi) (log 2.4 - log(8/15));
  // KL(ref || pi) has slope pi - ref.
  double const divergence = 0.6 * std::log(2.4) + 0.4 * std::log(8.0 / 15);
  double const slope = 0.24 * (std::log(2.4) - std::log(8.0 / 15)), slope_of_other_direction = 0.6 - 0.25;
  EXPECT_NEAR(coin.mean_value<k1>(), divergence, 1e-15);
  EXPECT_NEAR(coin.mean_value<k3>(), divergence, 1e-15);
  EXPECT_NEAR(coin.mean_gradient<k1>(), 0, 1e-16);
  EXPECT_NEAR(coin.mean_gradient<k2>(), slope, 1e-15);
  EXPECT_NEAR(coin.mean_gradient<k3>(), slope_of_other_direction, 1e-15);
  EXPECT_NEAR(coin.mean_value<k1_straight_through>(), divergence, 1e-15);
  EXPECT_NEAR(coin.mean_gradient<k1_straight_through>(), slope, 1e-15);
  EXPECT_NEAR(coin.mean_value<k3_straight_through>(), divergence, 1e-15);
  EXPECT_NEAR(coin.mean_gradient<k3_straight_through>(), slope, 1e-15);
}

TEST(kl_estimators, k3_keeps_its_digits_near_zero_and_ends_with_the_type) {
  EXPECT_NEAR(k3::of(1e-8) / 0.5e-16, 1, 1e-8);  // d^2/2 - d^3/6
  EXPECT_GT(k3::of(1e-9f), 0.0f);
  EXPECT_TRUE(std::isfinite(k3::of(-88.0f)));
  EXPECT_EQ(k3::of(-90.0f), INFINITY);
  EXPECT_EQ(k3::of(1e5f), 1e5f - 1);
}
}  // namespace
