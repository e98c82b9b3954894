// The bandit's network: its first weights, plain loops, finite differences, threads.
// SPDX-License-Identifier: MIT
#include "poft/bandit/mlp.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "bandit/tiny_network.hpp"
#include "primitive/tensor.hpp"

namespace {

using poft::bandit::activation;
using poft::bandit::mlp;
using poft::bandit::mlp_shape;
using poft::bandit::mlp_slices;
using poft_test::difference;
using poft_test::randomise;
using poft_test::tensor;
using poft_test::tiny;

// 100*50+50 + 50+50 + 50*256+256 + 256*256+256 + 256*100+100 = 5050 + 100 + 13056 + 65792 + 25700 = 109698.
TEST(mlp, first_parameters) {
  mlp<poft::eigen::backend, float> network({}, {}, poft::random_stream(3));
  auto const parameters = network.parameters();
  ASSERT_EQ(parameters.size(), 109698u);
  auto const p = network.slices();
  EXPECT_EQ(p.size, 109698);
  EXPECT_EQ(p.last.bias.data() + 100, parameters.data() + parameters.size());
  for (auto const bias : {p.first.bias, p.bias, p.second.bias, p.third.bias, p.last.bias}) {
    for (float b : bias) ASSERT_EQ(b, 0.0f);
  }
  for (float g : p.gain) ASSERT_EQ(g, 1.0f);
  // Uniform in +-bound, bound = 0.01 sqrt(6 / (inputs + outputs)): n of them have the mean 0 +- 5 bound /
  // sqrt(3 n).
  for (auto const weight : {p.first.weight, p.second.weight, p.third.weight, p.last.weight}) {
    double const bound = 0.01 * std::sqrt(6.0 / double(weight.rows() + weight.columns()));
    double sum = 0, largest = 0;
    for (std::ptrdiff_t k = 0; k < weight.size(); ++k) {
      sum += weight.data()[k];
      largest = std::max(largest, double(std::abs(weight.data()[k])));
    }
    EXPECT_LE(largest, bound * (1 + 1e-6));
    EXPECT_GT(largest, 0.99 * bound);
    EXPECT_LT(std::abs(sum / double(weight.size())), 5 * bound / std::sqrt(3.0 * double(weight.size())));
  }
  for (float g : network.gradient()) ASSERT_EQ(g, 0.0f);
}

TEST(mlp, a_seed_gives_one_network) {
  mlp<poft::eigen::backend, double> first({}, tiny, poft::random_stream(3)),
      again({}, tiny, poft::random_stream(3)), other({}, tiny, poft::random_stream(4));
  EXPECT_TRUE(std::ranges::equal(first.parameters(), again.parameters()));
  EXPECT_FALSE(std::ranges::equal(first.parameters(), other.parameters()));
}

/// Layer after layer in plain loops.
tensor<double> by_loops(mlp_shape const& shape, mlp_slices<double> const& p, tensor<double> const& contexts) {
  auto const linear = [](auto const& layer, std::vector<double> const& x) {
    std::vector<double> y;
    for (std::ptrdiff_t o = 0; o < layer.weight.rows(); ++o) {
      double sum = layer.bias[o];
      for (std::size_t i = 0; i < x.size(); ++i) sum += layer.weight(o, std::ptrdiff_t(i)) * x[i];
      y.push_back(sum);
    }
    return y;
  };
  auto const relu = [](std::vector<double> x) {
    for (double& e : x) e = e > 0 ? e : 0;
    return x;
  };
  tensor<double> out(contexts.rows, shape.outputs);
  for (std::ptrdiff_t r = 0; r < contexts.rows; ++r) {
    std::vector<double> x;
    for (std::ptrdiff_t c = 0; c < contexts.columns; ++c) x.push_back(contexts(r, c));
    x           = linear(p.first, x);
    double mean = 0, variance = 0;
    for (double e : x) mean += e / double(x.size());
    for (double e : x) variance += (e - mean) * (e - mean) / double(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      double const n =
          p.gain[std::ptrdiff_t(i)] * (x[i] - mean) / std::sqrt(variance + 1e-5) + p.bias[std::ptrdiff_t(i)];
      x[i] = shape.after_norm == activation::tanh ? std::tanh(n) : n > 0 ? n : 0;
    }
    x = linear(p.last, relu(linear(p.third, relu(linear(p.second, x)))));
    std::copy(x.begin(), x.end(), &out(r, 0));
  }
  return out;
}

template <class On>
class mlp_on : public ::testing::Test {};
TYPED_TEST_SUITE(mlp_on, poft_test::every_backend);

TYPED_TEST(mlp_on, loops_and_differences) {
  using T = typename TypeParam::value;
  for (activation const after_norm : {activation::relu, activation::tanh}) {
    mlp_shape shape  = tiny;
    shape.after_norm = after_norm;
    mlp<typename TypeParam::backend, T> network({}, shape, poft::random_stream(1));
    mlp<poft::one_by_one, double> exact({}, shape, poft::random_stream(1));
    randomise(network), randomise(exact);
    auto const contexts = tensor<T>::random(3, 4, 5), d_outputs = tensor<T>::random(3, 6, 6);
    auto const x = tensor<double>::from(contexts), weight = tensor<double>::from(d_outputs);
    auto const loss = [&] { return poft_test::weighted_sum(weight, by_loops(shape, exact.slices(), x)); };

    auto const outputs  = network.forward(contexts);
    auto const expected = by_loops(shape, exact.slices(), x);
    for (std::ptrdiff_t k = 0; k < expected.rows * expected.columns; ++k) {
      EXPECT_NEAR(double(outputs.data()[k]), expected.data[std::size_t(k)], 50 * TypeParam::tolerance);
    }
    network.backward(d_outputs);
    for (std::size_t k = 0; k < network.gradient().size(); ++k) {
      double const d = difference(exact.parameters()[k], loss);
      EXPECT_NEAR(double(network.gradient()[k]), d,
                  10 * TypeParam::difference_tolerance * std::max(1.0, std::abs(d)))
          << k;
    }

    // A second backward adds the same once more; zero_gradient() forgets.
    std::vector<T> const once(network.gradient().begin(), network.gradient().end());
    network.backward(d_outputs);
    for (std::size_t k = 0; k < once.size(); ++k) {
      EXPECT_NEAR(double(network.gradient()[k]), 2 * double(once[k]), 100 * TypeParam::tolerance) << k;
    }
    network.zero_gradient();
    for (T g : network.gradient()) EXPECT_EQ(g, T(0));
  }
}

// A smaller batch after a larger one, and a larger one again: the outputs of a row are its own.
TYPED_TEST(mlp_on, batches_of_any_size) {
  using T = typename TypeParam::value;
  mlp<typename TypeParam::backend, T> network({}, tiny, poft::random_stream(1));
  randomise(network);
  auto const contexts              = tensor<T>::random(30, 4, 5);
  poft::view<T const, 2> const all = contexts;
  auto const whole                 = network.forward(all);
  std::vector<T> const expected(whole.data(), whole.data() + whole.size());
  for (std::ptrdiff_t rows : {1, 7, 30, 0, 3}) {
    auto const part = network.forward(all.subview(0, rows));
    ASSERT_EQ(part.rows(), rows);
    for (std::ptrdiff_t k = 0; k < part.size(); ++k) {
      EXPECT_NEAR(double(part.data()[k]), double(expected[std::size_t(k)]), 50 * TypeParam::tolerance);
    }
    network.backward(part);
  }
}

TEST(mlp, refuses_shapes) {
  using network_type = mlp<poft::one_by_one, double>;
  EXPECT_THROW(network_type({}, {.inputs = 0}, poft::random_stream(1)), poft::value_error);
  EXPECT_THROW(network_type({}, {.outputs = -3}, poft::random_stream(1)), poft::value_error);
  network_type network({}, tiny, poft::random_stream(1));
  tensor<double> contexts(3, 4), narrow(3, 3), d(2, 6);
  EXPECT_THROW(network.forward(narrow), poft::shape_error);
  network.forward(contexts);
  EXPECT_THROW(network.backward(d), poft::shape_error);
}

TEST(mlp, any_number_of_threads_gives_equal_bits) {
  auto const contexts = tensor<float>::random(300, 100, 5), d_outputs = tensor<float>::random(300, 100, 6);
  std::vector<float> first;
  for (int threads : {1, 2, 3, 7}) {
    mlp<poft::eigen::backend, float> network({threads}, {}, poft::random_stream(1));
    auto const outputs = network.forward(contexts);
    network.backward(d_outputs);
    std::vector<float> all(outputs.data(), outputs.data() + outputs.size());
    all.insert(all.end(), network.gradient().begin(), network.gradient().end());
    if (threads == 1) first = all;
    EXPECT_EQ(all, first) << threads << " threads";
  }
}

}  // namespace
