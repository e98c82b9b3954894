// The categorical policy: probabilities, draws, gradients, exact metrics.
// SPDX-License-Identifier: MIT
#include "poft/bandit/categorical_policy.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "bandit/tiny_network.hpp"
#include "primitive/tensor.hpp"

namespace {

using poft::view;
using poft::bandit::categorical_policy;
using poft::bandit::mlp_shape;
using poft::bandit::mlp_slices;
using poft_test::difference;
using poft_test::randomise;
using poft_test::tensor;
using poft_test::tiny;

/// A policy whose probabilities are the same for every context: all parameters 0 but the last biases.
template <class T, class Backend = poft::eigen::backend>
categorical_policy<Backend, T> with_probabilities(std::vector<double> const& probability) {
  mlp_shape shape = tiny;
  shape.outputs   = std::ssize(probability);
  categorical_policy<Backend, T> policy({}, shape, 1);
  for (T& p : policy.parameters()) p = 0;
  auto const bias = mlp_slices<T>(shape, policy.parameters().data()).last.bias;
  for (std::size_t a = 0; a < probability.size(); ++a)
    bias[std::ptrdiff_t(a)] = static_cast<T>(std::log(probability[a]));
  return policy;
}

struct actions_of {
  std::ptrdiff_t rows, columns;
  std::vector<int> data;
  operator view<int const, 2>() const { return {data.data(), rows, columns}; }
  operator view<int, 2>() { return {data.data(), rows, columns}; }
};

template <class On>
class categorical_policy_on : public ::testing::Test {};
TYPED_TEST_SUITE(categorical_policy_on, poft_test::every_backend);

TYPED_TEST(categorical_policy_on, log_probs_are_normalised) {
  using T = typename TypeParam::value;
  categorical_policy<typename TypeParam::backend, T> policy({}, tiny, 1);
  randomise(policy);
  policy.forward(tensor<T>::random(5, 4, 2));
  actions_of const actions{5, 2, {0, 1, 2, 3, 4, 5, 0, 0, 5, 3}};
  tensor<T> log_prob(5, 2);
  policy.log_prob(actions, log_prob);
  for (std::ptrdiff_t r = 0; r < 5; ++r) {
    double sum = 0;
    for (std::ptrdiff_t a = 0; a < 6; ++a) sum += std::exp(double(policy.logits()(r, a)));
    for (std::ptrdiff_t a = 0; a < 6; ++a) {
      double const expected = double(policy.logits()(r, a)) - std::log(sum);
      EXPECT_NEAR(double(policy.log_probs()(r, a)), expected, 10 * TypeParam::tolerance);
      EXPECT_NEAR(double(policy.probabilities()(r, a)), std::exp(expected), 10 * TypeParam::tolerance);
    }
    for (std::ptrdiff_t s = 0; s < 2; ++s)
      EXPECT_EQ(log_prob(r, s), policy.log_probs()(r, actions.data[std::size_t(2 * r + s)]));
  }
}

TYPED_TEST(categorical_policy_on, gradient_of_log_prob) {
  using T = typename TypeParam::value;
  categorical_policy<typename TypeParam::backend, T> policy({}, tiny, 1);
  categorical_policy<poft::one_by_one, double> exact({}, tiny, 1);
  randomise(policy), randomise(exact);
  auto const contexts = tensor<T>::random(3, 4, 5), d = tensor<T>::random(3, 3, 6);
  auto const x = tensor<double>::from(contexts), weight = tensor<double>::from(d);
  actions_of const actions{3, 3, {0, 1, 1, 5, 2, 0, 3, 3, 3}};  // an action may be there twice
  auto const loss = [&] {
    tensor<double> out(3, 3);
    exact.forward(x), exact.log_prob(actions, out);
    return poft_test::weighted_sum(weight, out);
  };
  policy.forward(contexts);
  policy.backward(actions, d);
  for (std::size_t k = 0; k < policy.gradient().size(); ++k) {
    double const expected = difference(exact.parameters()[k], loss);
    EXPECT_NEAR(double(policy.gradient()[k]), expected,
                10 * TypeParam::difference_tolerance * std::max(1.0, std::abs(expected)))
        << k;
  }
}

// d/dz of a loss of the logits themselves.
TYPED_TEST(categorical_policy_on, gradient_of_logits) {
  using T = typename TypeParam::value;
  categorical_policy<typename TypeParam::backend, T> policy({}, tiny, 1);
  categorical_policy<poft::one_by_one, double> exact({}, tiny, 1);
  randomise(policy), randomise(exact);
  auto const contexts = tensor<T>::random(3, 4, 5), d = tensor<T>::random(3, 6, 6);
  auto const x    = tensor<double>::from(contexts);
  auto const loss = [&] {
    exact.forward(x);
    double sum = 0;
    for (std::ptrdiff_t r = 0; r < 3; ++r) {
      for (std::ptrdiff_t a = 0; a < 6; ++a) sum += double(d(r, a)) * exact.logits()(r, a);
    }
    return sum;
  };
  policy.forward(contexts);
  policy.backward_logits(d);
  for (std::size_t k = 0; k < policy.gradient().size(); ++k) {
    double const expected = difference(exact.parameters()[k], loss);
    EXPECT_NEAR(double(policy.gradient()[k]), expected,
                10 * TypeParam::difference_tolerance * std::max(1.0, std::abs(expected)))
        << k;
  }
}

// The gradient of KL(pi || q), of the entropy and of an expected table, each through backward_expectation.
TYPED_TEST(categorical_policy_on, gradients_of_expectations) {
  using T = typename TypeParam::value;
  std::vector<double> const q{0.3, 0.1, 0.1, 0.2, 0.25, 0.05}, table{1, -2, 3, 0, 0.5, 2};
  std::vector<double> log_q;
  for (double p : q) log_q.push_back(std::log(p));
  auto const contexts = tensor<T>::random(3, 4, 5), d = tensor<T>::random(1, 3, 6);
  auto const x = tensor<double>::from(contexts);
  for (int kind = 0; kind < 3; ++kind) {
    categorical_policy<typename TypeParam::backend, T> policy({}, tiny, 1);
    categorical_policy<poft::one_by_one, double> exact({}, tiny, 1);
    randomise(policy), randomise(exact);
    auto const loss = [&] {
      std::vector<double> rows(3);
      exact.forward(x);
      if (kind == 0) exact.kl_to({log_q.data(), 1, 6}, rows);
      if (kind == 1) exact.entropy(rows);
      if (kind == 2) exact.expected(table, rows);
      return double(d(0, 0)) * rows[0] + double(d(0, 1)) * rows[1] + double(d(0, 2)) * rows[2];
    };
    policy.forward(contexts);
    tensor<T> values(kind == 2 ? 1 : 3, 6);
    for (std::ptrdiff_t r = 0; r < values.rows; ++r) {
      for (std::ptrdiff_t a = 0; a < 6; ++a) {
        T const log_pi = policy.log_probs()(r, a);
        values(r, a)   = kind == 0   ? log_pi - T(log_q[std::size_t(a)])
                         : kind == 1 ? -log_pi
                                     : T(table[std::size_t(a)]);
      }
    }
    policy.backward_expectation(values, d);
    for (std::size_t k = 0; k < policy.gradient().size(); ++k) {
      double const expected = difference(exact.parameters()[k], loss);
      EXPECT_NEAR(double(policy.gradient()[k]), expected,
                  20 * TypeParam::difference_tolerance * std::max(1.0, std::abs(expected)))
          << kind << ", " << k;
    }
  }
}

// Log-probs of samples beside the mean over rows of KL(pi || q), q one row or one each.
TYPED_TEST(categorical_policy_on, gradient_beside_a_divergence) {
  using T             = typename TypeParam::value;
  auto const contexts = tensor<T>::random(3, 4, 5), d = tensor<T>::random(3, 2, 6);
  auto const x = tensor<double>::from(contexts), weight = tensor<double>::from(d);
  actions_of const actions{3, 2, {0, 1, 5, 2, 3, 3}};
  for (std::ptrdiff_t rows : {1, 3}) {
    auto log_q = tensor<T>::random(rows, 6, 9);  // normalised below
    for (std::ptrdiff_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (std::ptrdiff_t a = 0; a < 6; ++a) sum += std::exp(double(log_q(r, a)));
      for (std::ptrdiff_t a = 0; a < 6; ++a) log_q(r, a) -= T(std::log(sum));
    }
    auto const exact_q = tensor<double>::from(log_q);
    categorical_policy<typename TypeParam::backend, T> policy({}, tiny, 1);
    categorical_policy<poft::one_by_one, double> exact({}, tiny, 1);
    randomise(policy), randomise(exact);
    auto const loss = [&] {
      tensor<double> out(3, 2);
      std::vector<double> kl(3);
      exact.forward(x), exact.log_prob(actions, out), exact.kl_to(exact_q, kl);
      return poft_test::weighted_sum(weight, out) + 2.5 * (kl[0] + kl[1] + kl[2]) / 3;
    };
    policy.forward(contexts);
    policy.backward(actions, d, {2.5, log_q});
    for (std::size_t k = 0; k < policy.gradient().size(); ++k) {
      double const expected = difference(exact.parameters()[k], loss);
      EXPECT_NEAR(double(policy.gradient()[k]), expected,
                  20 * TypeParam::difference_tolerance * std::max(1.0, std::abs(expected)))
          << k;
    }
  }
}

// pi = (1/2, 1/4, 1/4), q uniform:
//   H = 1/2 log 2 + 2/4 log 4 = 3/2 log 2             KL(pi || q) = log 3 - H
//   KL(q || pi) = 1/3 log(2/3) + 2/3 log(4/3)         E[(4, 8, 0)] = 2 + 2 = 4
TYPED_TEST(categorical_policy_on, metrics) {
  using T     = typename TypeParam::value;
  auto policy = with_probabilities<T, typename TypeParam::backend>({0.5, 0.25, 0.25});
  policy.forward(tensor<T>::random(2, 4, 5));
  std::vector<double> out(2);
  tensor<T> log_q(1, 3, T(-std::log(3.0)));
  double const close = std::is_same_v<T, float> ? 2e-7 : 1e-15;

  policy.entropy(out);
  EXPECT_NEAR(out[0], 1.5 * std::log(2.0), close);
  EXPECT_EQ(out[0], out[1]);
  policy.kl_to(log_q, out);
  EXPECT_NEAR(out[1], std::log(3.0) - 1.5 * std::log(2.0), close);
  policy.kl_from(log_q, out);
  EXPECT_NEAR(out[1], std::log(2.0 / 3) / 3 + 2 * std::log(4.0 / 3) / 3, close);
  policy.expected(poft_test::array_of<T>{4, 8, 0}, out);
  EXPECT_NEAR(out[0], 4, 10 * close);

  // One row of log q for each context.
  tensor<T> each(2, 3, T(-std::log(3.0)));
  each.data = {T(std::log(0.5)),  T(std::log(0.25)), T(std::log(0.25)),
               T(-std::log(3.0)), T(-std::log(3.0)), T(-std::log(3.0))};
  policy.kl_to(each, out);
  EXPECT_NEAR(out[0], 0, close);
  EXPECT_NEAR(out[1], std::log(3.0) - 1.5 * std::log(2.0), close);
}

// An action of probability 0 counts as 0 log 0 = 0; where q excludes an action of pi, KL(pi || q) is
// infinite.
TYPED_TEST(categorical_policy_on, metrics_with_excluded_actions) {
  using T               = typename TypeParam::value;
  double const infinity = std::numeric_limits<double>::infinity();
  auto policy           = with_probabilities<T, typename TypeParam::backend>({0.5, 0.5, 0});
  policy.forward(tensor<T>::random(1, 4, 5));
  std::vector<double> out(1);
  tensor<T> log_q(1, 3, T(-std::log(3.0)));
  policy.entropy(out);
  EXPECT_NEAR(out[0], std::log(2.0), 1e-6);
  policy.kl_to(log_q, out);
  EXPECT_NEAR(out[0], std::log(1.5), 1e-6);
  policy.kl_from(log_q, out);
  EXPECT_EQ(out[0], infinity);
  log_q.data = {0, T(-infinity), T(-infinity)};
  policy.kl_to(log_q, out);
  EXPECT_EQ(out[0], infinity);
  policy.kl_from(log_q, out);
  EXPECT_NEAR(out[0], std::log(2.0), 1e-6);

  actions_of drawn{1, 1000, std::vector<int>(1000)};
  policy.sample(poft::random_stream(1), drawn);
  for (int a : drawn.data) ASSERT_TRUE(a == 0 || a == 1);
}

// Every draw follows the rule of core/random.hpp, at a position of its own.
TYPED_TEST(categorical_policy_on, draws) {
  using T = typename TypeParam::value;
  categorical_policy<typename TypeParam::backend, T> policy({}, tiny, 1);
  randomise(policy);
  policy.forward(tensor<T>::random(5, 4, 2));
  actions_of drawn{5, 7, std::vector<int>(35)};
  policy.sample(poft::random_stream(9, 2, 8), drawn);
  for (std::uint64_t n = 0; n < 35; ++n) {
    poft::random_stream random(9, 2, 8 + 2 * n);
    EXPECT_EQ(drawn.data[n], random.categorical(policy.probabilities().row(std::ptrdiff_t(n / 7)))) << n;
  }
}

// 60 000 draws: each frequency within five standard deviations.
TEST(categorical_policy, frequencies) {
  std::vector<double> const probability{0.05, 0.5, 0.2, 0.25};
  auto policy = with_probabilities<float>(probability);
  policy.forward(tensor<float>::random(6, 4, 2));
  actions_of drawn{6, 10000, std::vector<int>(60000)};
  policy.sample(poft::random_stream(9), drawn);
  std::vector<double> count(4);
  for (int a : drawn.data) ++count[std::size_t(a)];
  for (std::size_t a = 0; a < 4; ++a) {
    EXPECT_NEAR(count[a], 60000 * probability[a],
                5 * std::sqrt(60000 * probability[a] * (1 - probability[a])));
  }
}

TEST(categorical_policy, any_number_of_threads_gives_equal_bits) {
  auto const contexts = tensor<float>::random(300, 100, 5), d = tensor<float>::random(300, 10, 6);
  std::vector<float> first;
  std::vector<int> first_drawn;
  for (int threads : {1, 2, 3, 7}) {
    categorical_policy<poft::eigen::backend, float> policy({threads}, {}, 1);
    randomise(policy);
    policy.forward(contexts);
    actions_of drawn{300, 10, std::vector<int>(3000)};
    policy.sample(poft::random_stream(9), drawn);
    policy.backward(drawn, d);
    std::vector<float> all(policy.log_probs().data(), policy.log_probs().data() + 30000);
    all.insert(all.end(), policy.gradient().begin(), policy.gradient().end());
    if (threads == 1) first = all, first_drawn = drawn.data;
    EXPECT_EQ(all, first) << threads << " threads";
    EXPECT_EQ(drawn.data, first_drawn) << threads << " threads";
  }
}

TEST(categorical_policy, bad_input) {
  categorical_policy<poft::one_by_one, double> policy({}, tiny, 1);
  policy.forward(tensor<double>::random(2, 4, 2));
  tensor<double> out(2, 2), short_out(1, 2);
  try {
    policy.log_prob(actions_of{2, 2, {0, 1, 6, 2}}, out);
    FAIL();
  } catch (poft::value_error const& e) {
    EXPECT_STREQ(e.what(), "categorical_policy log_prob: actions[1, 0] is 6, expected 0 ... 5");
  }
  EXPECT_THROW(policy.log_prob(actions_of{2, 2, {0, 1, -1, 2}}, out), poft::value_error);
  EXPECT_THROW(policy.log_prob(actions_of{1, 2, {0, 1}}, out), poft::shape_error);
  EXPECT_THROW(policy.log_prob(actions_of{2, 2, {0, 1, 0, 1}}, short_out), poft::shape_error);
  EXPECT_THROW(policy.backward(actions_of{2, 2, {0, 1, 0, 9}}, out), poft::value_error);
  EXPECT_THROW(policy.backward(actions_of{2, 2, {0, 1, 0, 1}}, short_out), poft::shape_error);
  EXPECT_THROW(policy.forward(tensor<double>(2, 3)), poft::shape_error);
  std::vector<double> rows(3);
  EXPECT_THROW(policy.entropy(rows), poft::shape_error);
  EXPECT_THROW(policy.expected(std::vector<double>(5), rows), poft::shape_error);
  EXPECT_THROW(policy.kl_to(tensor<double>(3, 6), rows), poft::shape_error);

  policy.parameters()[policy.parameters().size() - 1] = std::numeric_limits<double>::quiet_NaN();
  policy.forward(tensor<double>::random(2, 4, 2));
  actions_of drawn{2, 1, {0, 0}};
  EXPECT_THROW(policy.sample(poft::random_stream(1), drawn), poft::value_error);
}

}  // namespace
