// Layer normalisation: loops, finite differences, shapes.
// SPDX-License-Identifier: MIT
#include "poft/primitive/layer_norm.hpp"

#include <gtest/gtest.h>

#include "primitive/tensor.hpp"

namespace layer_norm_test {
namespace {

using poft::row_moments;
using poft::primitive::layer_norm;
using poft_test::array_of;
using poft_test::differences;
using poft_test::expect_close;
using poft_test::tensor;
using poft_test::weighted_sum;

constexpr double epsilon = 1e-5;

tensor<double> by_loops(tensor<double> const& x, tensor<double> const& gain, tensor<double> const& bias) {
  tensor<double> y(x.rows, x.columns);
  for (std::ptrdiff_t r = 0; r < x.rows; ++r) {
    double mean = 0, variance = 0;
    for (std::ptrdiff_t c = 0; c < x.columns; ++c) mean += x(r, c) / double(x.columns);
    for (std::ptrdiff_t c = 0; c < x.columns; ++c)
      variance += (x(r, c) - mean) * (x(r, c) - mean) / double(x.columns);
    for (std::ptrdiff_t c = 0; c < x.columns; ++c) {
      y(r, c) = gain(0, c) * (x(r, c) - mean) / std::sqrt(variance + epsilon) + bias(0, c);
    }
  }
  return y;
}

template <class On>
class layer_norm_on : public poft_test::of_backend<On> {};
TYPED_TEST_SUITE(layer_norm_on, poft_test::every_backend);

// x = [1 3], mean 2, variance 1, epsilon 3: 1/sqrt(1 + 3) = 1/2, so n = [-1/2 1/2]; gain [2 4], bias [1 1]: y
// = [0 3]. d_y = [1 1]: g = [2 4], mean g = 3, mean g n = (-1 + 2) / 2 = 1/2, d_x = 1/2 (g - 3 - n/2) = 1/2
// [-3/4 3/4]. d_gain = d_y n = [-1/2 1/2] and d_bias = [1 1], added to ones.
TYPED_TEST(layer_norm_on, worked_example) {
  using T     = typename TypeParam::value;
  using layer = layer_norm<typename TypeParam::backend>;
  typename TypeParam::backend const backend{};
  tensor<T> x(1, 2), gain(1, 2), bias(1, 2, T(1)), y(1, 2), d_y(1, 2, T(1)), d_x(1, 2), d_gain(1, 2, T(1)),
      d_bias(1, 2, T(1));
  x.data = {1, 3}, gain.data = {2, 4};
  array_of<row_moments<T>> moments(1);
  layer::forward(backend, x, gain, bias, 3, matrix(y), moments);
  layer::backward(backend, x, moments, gain, d_y, matrix(d_x), d_gain, d_bias);
  EXPECT_EQ(y.data, (array_of<T>{0, 3}));
  EXPECT_EQ(moments[0].mean, T(2));
  EXPECT_EQ(moments[0].inverse_deviation, T(0.5));
  EXPECT_EQ(d_x.data, (array_of<T>{T(-0.375), T(0.375)}));
  EXPECT_EQ(d_gain.data, (array_of<T>{T(0.5), T(1.5)}));
  EXPECT_EQ(d_bias.data, (array_of<T>{2, 2}));
}

TYPED_TEST(layer_norm_on, loops_and_differences) {
  using T     = typename TypeParam::value;
  using layer = layer_norm<typename TypeParam::backend>;
  typename TypeParam::backend const backend{};
  for (std::ptrdiff_t rows : {1, 3}) {
    for (std::ptrdiff_t width : poft_test::odd_sizes) {
      auto x = tensor<double>::random(rows, width, 1), gain = tensor<double>::random(1, width, 2);
      auto bias = tensor<double>::random(1, width, 3), d = tensor<double>::random(rows, width, 4);
      auto const loss = [&] { return weighted_sum(d, by_loops(x, gain, bias)); };

      auto const x_ = tensor<T>::from(x), gain_ = tensor<T>::from(gain), bias_ = tensor<T>::from(bias),
                 d_ = tensor<T>::from(d);
      tensor<T> y(rows, width), d_x(rows, width), d_gain(1, width), d_bias(1, width);
      array_of<row_moments<T>> moments(static_cast<std::size_t>(rows));
      layer::forward(backend, x_, gain_, bias_, epsilon, matrix(y), moments);
      layer::backward(backend, x_, moments, gain_, d_, matrix(d_x), d_gain, d_bias);
      expect_close(y, by_loops(x, gain, bias), 10 * TypeParam::tolerance, "y");
      expect_close(d_x, differences(x, loss), TypeParam::difference_tolerance, "d_x");
      expect_close(d_gain, differences(gain, loss), TypeParam::difference_tolerance, "d_gain");
      expect_close(d_bias, differences(bias, loss), TypeParam::difference_tolerance, "d_bias");

      // d_x in the place of d_y, y in the place of x: the same numbers.
      auto in_place = d_, y_in_place = x_;
      tensor<T> d_gain_in_place(1, width), d_bias_in_place(1, width);
      layer::backward(backend, x_, moments, gain_, in_place, matrix(in_place), d_gain_in_place,
                      d_bias_in_place);
      layer::forward(backend, y_in_place, gain_, bias_, epsilon, matrix(y_in_place), moments);
      EXPECT_EQ(in_place.data, d_x.data);
      EXPECT_EQ(d_gain_in_place.data, d_gain.data);
      EXPECT_EQ(d_bias_in_place.data, d_bias.data);
      EXPECT_EQ(y_in_place.data, y.data);

      // Onto the derivative by a residual: their sum, and the same gradients of parameters.
      auto const residual = tensor<double>::random(rows, width, 5);
      auto onto           = tensor<T>::from(residual);
      tensor<double> both = tensor<double>::from(d_x);
      for (std::size_t i = 0; i < both.data.size(); ++i) both.data[i] += residual.data[i];
      tensor<T> d_gain_onto(1, width), d_bias_onto(1, width);
      layer::template backward<true>(backend, x_, moments, gain_, d_, matrix(onto), d_gain_onto, d_bias_onto);
      expect_close(onto, both, TypeParam::tolerance, "d_x onto");
      EXPECT_EQ(d_gain_onto.data, d_gain.data);
      EXPECT_EQ(d_bias_onto.data, d_bias.data);
    }
  }
}

// Far from zero, E[x^2] - mean^2 would leave nothing of the variance in float: x = 10^4 + {-1, 1}, variance
// 1.
TYPED_TEST(layer_norm_on, large_mean) {
  using T = typename TypeParam::value;
  tensor<T> x(1, 50), gain(1, 50, T(1)), bias(1, 50), y(1, 50);
  for (int c = 0; c < 50; ++c) x(0, c) = T(10000 + (c % 2 ? 1 : -1));
  array_of<row_moments<T>> moments(1);
  layer_norm<typename TypeParam::backend>::forward({}, x, gain, bias, 0, matrix(y), moments);
  for (int c = 0; c < 50; ++c) EXPECT_NEAR(double(y(0, c)), c % 2 ? 1 : -1, 1e-6);
}

TYPED_TEST(layer_norm_on, refuses_shapes) {
  using T     = typename TypeParam::value;
  using layer = layer_norm<typename TypeParam::backend>;
  typename TypeParam::backend const backend{};
  tensor<T> x(4, 3), gain(1, 3), bias(1, 3), y(4, 3), wrong(1, 2);
  array_of<row_moments<T>> moments(4), few(3);
  EXPECT_THROW(layer::forward(backend, x, wrong, bias, epsilon, matrix(y), moments), poft::shape_error);
  EXPECT_THROW(layer::forward(backend, x, gain, wrong, epsilon, matrix(y), moments), poft::shape_error);
  EXPECT_THROW(layer::forward(backend, x, gain, bias, epsilon, matrix(y), few), poft::shape_error);
  EXPECT_THROW(layer::forward(backend, x, gain, bias, -1, matrix(y), moments), poft::value_error);
  EXPECT_THROW(layer::backward(backend, x, few, gain, y, matrix(y), gain, bias), poft::shape_error);
  EXPECT_THROW(layer::backward(backend, x, moments, gain, y, matrix(wrong), gain, bias), poft::shape_error);
  EXPECT_THROW(layer::backward(backend, x, moments, gain, y, matrix(y), wrong, bias), poft::shape_error);
}

}  // namespace
}  // namespace layer_norm_test
