// The four policies over numbers: densities, draws, gradients.
// SPDX-License-Identifier: MIT
#include "poft/bandit/continuous_policy.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <numbers>

#include "bandit/tiny_network.hpp"
#include "primitive/tensor.hpp"

namespace {

using poft::view;
using poft::bandit::mlp_shape;
using poft::bandit::mlp_slices;
using poft_test::difference;
using poft_test::randomise;
using poft_test::tensor;

/// Two dimensions: four outputs.
constexpr mlp_shape plane{
    .inputs = 4, .normalised = 5, .hidden = 7, .outputs = 4, .after_norm = poft::bandit::activation::tanh};
constexpr mlp_shape line{
    .inputs = 4, .normalised = 5, .hidden = 7, .outputs = 2, .after_norm = poft::bandit::activation::tanh};

template <template <class, class> class Policy, bool IsCauchy, bool IsSquashed>
struct kind {
  template <class Backend, class T>
  using policy                      = Policy<Backend, T>;
  static constexpr bool is_cauchy   = IsCauchy;
  static constexpr bool is_squashed = IsSquashed;

  /// P(x <= value) of the unsquashed variable.
  static double distribution(double value, double location, double scale) {
    double const z = (value - location) / scale;
    return is_cauchy ? 0.5 + std::atan(z) / std::numbers::pi : 0.5 * std::erfc(-z / std::numbers::sqrt2);
  }
};
using kinds = ::testing::Types<kind<poft::bandit::gaussian_policy, false, false>,
                               kind<poft::bandit::cauchy_policy, true, false>,
                               kind<poft::bandit::tanh_gaussian_policy, false, true>,
                               kind<poft::bandit::tanh_cauchy_policy, true, true>>;

template <class Kind>
class continuous_policy_of : public ::testing::Test {};
TYPED_TEST_SUITE(continuous_policy_of, kinds);

/// A policy on the line whose location and log-scale are the same for every context.
template <class Kind, class T = double>
auto with(double location, double log_scale, double limit) {
  typename Kind::template policy<poft::eigen::backend, T> policy({}, line, 1, limit);
  for (T& p : policy.parameters()) p = 0;
  auto const bias = mlp_slices<T>(line, policy.parameters().data()).last.bias;
  bias[0] = T(location), bias[1] = T(log_scale);
  return policy;
}
template <class Kind>
constexpr double edge = Kind::is_squashed ? 1 : std::numeric_limits<double>::infinity();

template <class Policy>
double log_prob(Policy& policy, double action) {
  tensor<double> a(1, 1, action), out(1, 1);
  policy.forward(tensor<double>(1, 4));
  policy.log_prob(a, out);
  return out(0, 0);
}

// At the location z = 0: -log sqrt(2 pi) or -log pi, minus the log-scale. One scale away: 1/2 or log 2 less.
// Squashed, the action is tanh x, and log(1 - tanh^2 x) is taken away: x = log 2 / 2 gives tanh x = 1/3 and 1
// - 1/9 = 8/9; x = 3 log 2 / 2 gives 7/9 and 1 - 49/81 = 32/81. The scale between them is log 2.
TYPED_TEST(continuous_policy_of, worked_example) {
  double const two = std::log(2.0), at_location = TypeParam::is_cauchy
                                                      ? -std::log(std::numbers::pi)
                                                      : -0.5 * std::log(2 * std::numbers::pi);
  double const one_away = at_location - (TypeParam::is_cauchy ? std::log(2.0) : 0.5);
  auto policy           = with<TypeParam>(0.5 * two, std::log(two), edge<TypeParam>);
  if (TypeParam::is_squashed) {
    EXPECT_NEAR(log_prob(policy, 1.0 / 3), at_location - std::log(two) - std::log(8.0 / 9), 1e-13);
    EXPECT_NEAR(log_prob(policy, 7.0 / 9), one_away - std::log(two) - std::log(32.0 / 81), 1e-13);
  } else {
    EXPECT_NEAR(log_prob(policy, 0.5 * two), at_location - std::log(two), 1e-14);
    EXPECT_NEAR(log_prob(policy, 1.5 * two), one_away - std::log(two), 1e-14);
  }
}

// The density between two actions, summed by Simpson's rule, is the difference of the distribution function.
TYPED_TEST(continuous_policy_of, density_integrates_to_the_distribution) {
  for (double location : {-0.7, 0.2}) {
    for (double log_scale : {-1.0, 0.3}) {
      auto policy       = with<TypeParam>(location, log_scale, edge<TypeParam>);
      double const from = -0.97, to = 0.9;
      int const steps = 20000;
      double sum      = 0;
      tensor<double> actions(1, steps + 1), out(1, steps + 1);
      for (int k = 0; k <= steps; ++k) actions(0, k) = from + (to - from) * k / steps;
      policy.forward(tensor<double>(1, 4));
      policy.log_prob(actions, out);
      for (int k = 0; k <= steps; ++k)
        sum += (k == 0 || k == steps ? 1 : k % 2 ? 4 : 2) * std::exp(out(0, k));
      sum *= (to - from) / steps / 3;
      auto const below = [&](double a) {
        return TypeParam::distribution(TypeParam::is_squashed ? std::atanh(a) : a, location,
                                       std::exp(log_scale));
      };
      EXPECT_NEAR(sum, below(to) - below(from), 1e-9) << location << ", " << log_scale;
    }
  }
}

// Shares of 40 000 draws below five actions, within five standard deviations.
TYPED_TEST(continuous_policy_of, draws) {
  double const location = -0.3, log_scale = -0.5;
  auto policy = with<TypeParam, float>(location, log_scale, edge<TypeParam>);
  policy.forward(tensor<float>(4, 4));
  tensor<float> drawn(4, 10000);
  policy.sample(poft::random_stream(5), drawn);
  for (double action : {-0.9, -0.5, -0.2, 0.4, 0.8}) {
    double const p = TypeParam::distribution(TypeParam::is_squashed ? std::atanh(action) : action, location,
                                             std::exp(log_scale));
    double count   = 0;
    for (float a : drawn.data) count += double(a) <= action;
    EXPECT_NEAR(count, 40000 * p, 5 * std::sqrt(40000 * p * (1 - p))) << action;
  }
  // A draw does not depend on how many others there are.
  tensor<float> few(4, 10000);
  policy.forward(tensor<float>(2, 4));
  policy.sample(poft::random_stream(5), view<float, 2>(few.data.data(), 2, 10000));
  for (std::size_t n = 0; n < 20000; ++n) ASSERT_EQ(few.data[n], drawn.data[n]);
}

template <class Backend, class T, class Kind>
void check_gradient(double tolerance) {
  typename Kind::template policy<Backend, T> policy({}, plane, 1);
  typename Kind::template policy<poft::one_by_one, double> exact({}, plane, 1);
  randomise(policy, 0.5), randomise(exact, 0.5);
  auto const contexts = tensor<T>::random(3, 4, 5), d = tensor<T>::random(3, 5, 6),
             actions = tensor<T>::random(3, 10, 7);
  auto const x = tensor<double>::from(contexts), weight = tensor<double>::from(d),
             a    = tensor<double>::from(actions);
  auto const loss = [&] {
    tensor<double> out(3, 5);
    exact.forward(x), exact.log_prob(a, out);
    return poft_test::weighted_sum(weight, out);
  };
  policy.forward(contexts);
  policy.backward(actions, d);
  for (std::size_t k = 0; k < policy.gradient().size(); ++k) {
    double const expected = difference(exact.parameters()[k], loss);
    EXPECT_NEAR(double(policy.gradient()[k]), expected, tolerance * std::max(1.0, std::abs(expected))) << k;
  }
}
TYPED_TEST(continuous_policy_of, gradient_of_log_prob) {
  check_gradient<poft::eigen::backend, float, TypeParam>(5e-4);
  check_gradient<poft::eigen::backend, double, TypeParam>(1e-7);
  check_gradient<poft::one_by_one, double, TypeParam>(1e-7);
}

// Outside [-20, 2] the log-scale stands still, and so does its gradient.
TYPED_TEST(continuous_policy_of, clipped_scale) {
  for (double log_scale : {-25.0, 5.0, 2.0}) {
    auto policy = with<TypeParam>(0.1, log_scale, edge<TypeParam>);
    tensor<double> action(1, 1, 0.3), d(1, 1, 1.0);
    policy.forward(tensor<double>(1, 4));
    EXPECT_EQ(policy.log_scales()(0, 0), std::clamp(log_scale, -20.0, 2.0));
    EXPECT_EQ(policy.locations()(0, 0), 0.1);
    policy.backward(action, d);
    double const d_log_scale = policy.gradient()[policy.gradient().size() - 1];
    EXPECT_EQ(d_log_scale == 0, log_scale != 2.0) << d_log_scale;
    EXPECT_TRUE(std::isfinite(policy.gradient()[policy.gradient().size() - 2]));
  }
}

// Beyond the limit, actions count as the limit, drawn ones too; the squashed policies have 0.99 from the
// start.
TYPED_TEST(continuous_policy_of, limit) {
  auto policy = with<TypeParam>(0, 2, 0.5);
  EXPECT_EQ(log_prob(policy, 0.9), log_prob(policy, 0.5));
  EXPECT_EQ(log_prob(policy, -7), log_prob(policy, -0.5));
  EXPECT_NE(log_prob(policy, 0.4), log_prob(policy, 0.5));
  tensor<double> drawn(1, 1000);
  policy.sample(poft::random_stream(5), drawn);
  EXPECT_EQ(*std::max_element(drawn.data.begin(), drawn.data.end()), 0.5);
  EXPECT_EQ(*std::min_element(drawn.data.begin(), drawn.data.end()), -0.5);

  typename TypeParam::template policy<poft::one_by_one, double> usual({}, line, 1);
  EXPECT_EQ(log_prob(usual, 0.999) == log_prob(usual, 0.99), TypeParam::is_squashed);
}

TYPED_TEST(continuous_policy_of, bad_input) {
  using policy_type = typename TypeParam::template policy<poft::one_by_one, double>;
  mlp_shape odd     = line;
  odd.outputs       = 3;
  EXPECT_THROW(policy_type({}, odd, 1), poft::value_error);
  EXPECT_THROW(policy_type({}, line, 1, 0), poft::value_error);
  EXPECT_THROW(policy_type({}, line, 1, std::numeric_limits<double>::quiet_NaN()), poft::value_error);
  if (TypeParam::is_squashed) {
    EXPECT_THROW(policy_type({}, line, 1, 1.5), poft::value_error);
    policy_type open({}, line, 1, 1);
    EXPECT_THROW(log_prob(open, 1), poft::value_error);
  }
  policy_type policy({}, plane, 1);
  policy.forward(tensor<double>::random(2, 4, 2));
  tensor<double> actions(2, 6), out(2, 3), wrong(1, 3);
  EXPECT_THROW(policy.log_prob(tensor<double>(2, 5), out), poft::shape_error);
  EXPECT_THROW(policy.log_prob(actions, wrong), poft::shape_error);
  EXPECT_THROW(policy.backward(actions, wrong), poft::shape_error);
  EXPECT_THROW(policy.sample(poft::random_stream(1), tensor<double>(2, 5)), poft::shape_error);
  actions(1, 2) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(policy.log_prob(actions, out), poft::value_error);
  EXPECT_THROW(policy.backward(actions, out), poft::value_error);
  policy.parameters()[policy.parameters().size() - 1] = std::numeric_limits<double>::quiet_NaN();
  policy.forward(tensor<double>::random(2, 4, 2));
  EXPECT_THROW(policy.sample(poft::random_stream(1), tensor<double>(2, 4)), poft::value_error);
}

}  // namespace
