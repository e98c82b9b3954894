// Root-mean-square normalisation: loops, finite differences, shapes.
// SPDX-License-Identifier: MIT
#include "poft/primitive/rms_norm.hpp"

#include <gtest/gtest.h>

#include "primitive/tensor.hpp"

namespace rms_norm_test {
namespace {

using poft::primitive::rms_norm;
using poft_test::differences;
using poft_test::expect_close;
using poft_test::tensor;
using poft_test::weighted_sum;

constexpr double epsilon = 1e-5;

tensor<double> by_loops(tensor<double> const& x, tensor<double> const& gain) {
  tensor<double> y(x.rows, x.columns);
  for (std::ptrdiff_t r = 0; r < x.rows; ++r) {
    double squares = 0;
    for (std::ptrdiff_t c = 0; c < x.columns; ++c) squares += x(r, c) * x(r, c) / double(x.columns);
    for (std::ptrdiff_t c = 0; c < x.columns; ++c) {
      y(r, c) = gain(0, c) * x(r, c) / std::sqrt(squares + epsilon);
    }
  }
  return y;
}

template <class On>
class rms_norm_on : public poft_test::of_backend<On> {};
TYPED_TEST_SUITE(rms_norm_on, poft_test::every_backend);

// x = [1 7], mean square 25, epsilon 11: 1/sqrt(36) = 1/6, gain [6 12]: y = [1 14]. d_y = [1 1]: g = [6 12], n = [1/6
// 7/6], mean g n = (1 + 14) / 2 = 15/2, d_x = 1/6 (g - n 15/2) = 1/6 [4.75 3.25]. d_gain = n, added to ones.
TYPED_TEST(rms_norm_on, worked_example) {
  using T     = typename TypeParam::value;
  using layer = rms_norm<typename TypeParam::backend>;
  typename TypeParam::backend const backend{};
  tensor<T> x(1, 2), gain(1, 2), y(1, 2), d_y(1, 2, T(1)), d_x(1, 2), d_gain(1, 2, T(1)), inverse(1, 1);
  x.data = {1, 7}, gain.data = {6, 12};
  layer::forward(backend, x, gain, 11, matrix(y), inverse);
  layer::backward(backend, x, inverse, gain, d_y, matrix(d_x), d_gain);
  tensor<double> expected(1, 2);
  expected.data = {1, 14};
  expect_close(y, expected, TypeParam::tolerance, "y");
  expected.data = {4.75 / 6, 3.25 / 6};
  expect_close(d_x, expected, TypeParam::tolerance, "d_x");
  expected.data = {1 + 1.0 / 6, 1 + 7.0 / 6};
  expect_close(d_gain, expected, TypeParam::tolerance, "d_gain");
  EXPECT_NEAR(double(inverse(0, 0)), 1.0 / 6, 1e-7);
}

TYPED_TEST(rms_norm_on, loops_and_differences) {
  using T     = typename TypeParam::value;
  using layer = rms_norm<typename TypeParam::backend>;
  typename TypeParam::backend const backend{};
  for (std::ptrdiff_t rows : {1, 3}) {
    for (std::ptrdiff_t width : poft_test::odd_sizes) {
      auto x = tensor<double>::random(rows, width, 1), gain = tensor<double>::random(1, width, 2);
      auto const d    = tensor<double>::random(rows, width, 4);
      auto const loss = [&] { return weighted_sum(d, by_loops(x, gain)); };

      auto const x_ = tensor<T>::from(x), gain_ = tensor<T>::from(gain), d_ = tensor<T>::from(d);
      tensor<T> y(rows, width), d_x(rows, width), d_gain(1, width), inverse(rows, 1);
      layer::forward(backend, x_, gain_, epsilon, matrix(y), inverse);
      layer::backward(backend, x_, inverse, gain_, d_, matrix(d_x), d_gain);
      expect_close(y, by_loops(x, gain), 10 * TypeParam::tolerance, "y");
      expect_close(d_x, differences(x, loss), TypeParam::difference_tolerance, "d_x");
      expect_close(d_gain, differences(gain, loss), TypeParam::difference_tolerance, "d_gain");

      // d_x in the place of d_y, y in the place of x: the same numbers.
      auto in_place = d_, y_in_place = x_;
      tensor<T> d_gain_in_place(1, width);
      layer::backward(backend, x_, inverse, gain_, in_place, matrix(in_place), d_gain_in_place);
      layer::forward(backend, y_in_place, gain_, epsilon, matrix(y_in_place), inverse);
      EXPECT_EQ(in_place.data, d_x.data);
      EXPECT_EQ(d_gain_in_place.data, d_gain.data);
      EXPECT_EQ(y_in_place.data, y.data);

      // Onto the derivative by a residual: their sum, and the same gradients of parameters.
      auto const residual = tensor<double>::random(rows, width, 5);
      auto onto           = tensor<T>::from(residual);
      tensor<double> both = tensor<double>::from(d_x);
      for (std::size_t i = 0; i < both.data.size(); ++i) both.data[i] += residual.data[i];
      tensor<T> d_gain_onto(1, width);
      layer::template backward<true>(backend, x_, inverse, gain_, d_, matrix(onto), d_gain_onto);
      expect_close(onto, both, TypeParam::tolerance, "d_x onto");
      EXPECT_EQ(d_gain_onto.data, d_gain.data);
    }
  }
}

TYPED_TEST(rms_norm_on, refuses_shapes) {
  using T     = typename TypeParam::value;
  using layer = rms_norm<typename TypeParam::backend>;
  typename TypeParam::backend const backend{};
  tensor<T> x(4, 3), gain(1, 3), y(4, 3), wrong(1, 2), inverse(4, 1);
  EXPECT_THROW(layer::forward(backend, x, wrong, epsilon, matrix(y), inverse), poft::shape_error);
  EXPECT_THROW(layer::forward(backend, x, gain, epsilon, matrix(wrong), inverse), poft::shape_error);
  EXPECT_THROW(layer::forward(backend, x, gain, epsilon, matrix(y), wrong), poft::shape_error);
  EXPECT_THROW(layer::forward(backend, x, gain, -1, matrix(y), inverse), poft::value_error);
  EXPECT_THROW(layer::backward(backend, x, wrong, gain, y, matrix(y), gain), poft::shape_error);
  EXPECT_THROW(layer::backward(backend, x, inverse, wrong, y, matrix(y), gain), poft::shape_error);
  EXPECT_THROW(layer::backward(backend, x, inverse, gain, wrong, matrix(y), gain), poft::shape_error);
  EXPECT_THROW(layer::backward(backend, x, inverse, gain, y, matrix(wrong), gain), poft::shape_error);
  EXPECT_THROW(layer::backward(backend, x, inverse, gain, y, matrix(y), wrong), poft::shape_error);
}

}  // namespace
}  // namespace rms_norm_test
