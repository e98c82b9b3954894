// The activations made of elementwise, and log-softmax: loops, finite differences, in place.
// SPDX-License-Identifier: MIT
#include "poft/primitive/elementwise.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "poft/primitive/gelu.hpp"
#include "poft/primitive/log_softmax.hpp"
#include "poft/primitive/relu.hpp"
#include "poft/primitive/tanh.hpp"
#include "primitive/tensor.hpp"

namespace {

using poft_test::differences;
using poft_test::expect_close;
using poft_test::tensor;
using poft_test::weighted_sum;

tensor<double> relu_by_loops(tensor<double> const& x) {
  auto y = x;
  for (double& e : y.data) e = e > 0 ? e : 0;
  return y;
}
tensor<double> tanh_by_loops(tensor<double> const& x) {
  auto y = x;
  for (double& e : y.data) e = std::tanh(e);
  return y;
}
tensor<double> gelu_by_loops(tensor<double> const& x) {
  double const pi = 3.14159265358979323846;
  auto y          = x;
  for (double& e : y.data) e *= 0.5 * (1 + std::tanh(std::sqrt(2 / pi) * (e + 0.044715 * e * e * e)));
  return y;
}
tensor<double> log_softmax_by_loops(tensor<double> const& x) {
  auto y = x;
  for (std::ptrdiff_t r = 0; r < x.rows; ++r) {
    double sum = 0;
    for (std::ptrdiff_t c = 0; c < x.columns; ++c) sum += std::exp(x(r, c));
    for (std::ptrdiff_t c = 0; c < x.columns; ++c) y(r, c) -= std::log(sum);
  }
  return y;
}

enum class kept { y, x };  // what backward differentiates from

template <class On, template <class> class Primitive, kept Kept = kept::y, class Reference>
void check(Reference const& by_loops) {
  using T         = typename On::value;
  using primitive = Primitive<typename On::backend>;
  typename On::backend const backend{};
  for (std::ptrdiff_t width : poft_test::odd_sizes) {
    auto x = tensor<double>::random(3, width, 1), d = tensor<double>::random(3, width, 2);
    for (double& e : x.data) e *= 3;
    auto const loss = [&] { return weighted_sum(d, by_loops(x)); };

    auto const x_ = tensor<T>::from(x), d_ = tensor<T>::from(d);
    tensor<T> y(3, width), d_x(3, width);
    primitive::forward(backend, x_, matrix(y));
    auto const& from = Kept == kept::y ? y : x_;
    primitive::backward(backend, from, d_, matrix(d_x));
    expect_close(y, by_loops(x), 10 * On::tolerance, "y");
    expect_close(d_x, differences(x, loss), On::difference_tolerance, "d_x");

    auto in_place = x_, d_in_place = d_, from_in_place = from;
    primitive::forward(backend, in_place, matrix(in_place));
    primitive::backward(backend, from, d_in_place, matrix(d_in_place));
    primitive::backward(backend, from_in_place, d_, matrix(from_in_place));
    EXPECT_EQ(in_place.data, y.data);
    EXPECT_EQ(d_in_place.data, d_x.data);
    EXPECT_EQ(from_in_place.data, d_x.data);

    tensor<T> wrong(2, width);
    EXPECT_THROW(primitive::forward(backend, x_, matrix(wrong)), poft::shape_error);
    EXPECT_THROW(primitive::backward(backend, from, wrong, matrix(d_x)), poft::shape_error);
    EXPECT_THROW(primitive::backward(backend, from, d_, matrix(wrong)), poft::shape_error);
  }
}

template <class On>
class elementwise_on : public poft_test::of_backend<On> {};
TYPED_TEST_SUITE(elementwise_on, poft_test::every_backend);

TYPED_TEST(elementwise_on, relu) { check<TypeParam, poft::primitive::relu>(relu_by_loops); }
TYPED_TEST(elementwise_on, tanh) { check<TypeParam, poft::primitive::tanh>(tanh_by_loops); }
TYPED_TEST(elementwise_on, gelu) { check<TypeParam, poft::primitive::gelu, kept::x>(gelu_by_loops); }
TYPED_TEST(elementwise_on, log_softmax) {
  check<TypeParam, poft::primitive::log_softmax>(log_softmax_by_loops);
}

// At 0 and below the rectifier is flat; a NaN goes through both ways.
TYPED_TEST(elementwise_on, relu_at_the_kink) {
  using T     = typename TypeParam::value;
  using relu  = poft::primitive::relu<typename TypeParam::backend>;
  T const nan = std::numeric_limits<T>::quiet_NaN();
  tensor<T> x(1, 4), y(1, 4), d(1, 4, T(5));
  x.data = {-1, 0, 2, nan};
  relu::forward({}, x, matrix(y));
  relu::backward({}, y, d, matrix(d));
  EXPECT_EQ(y(0, 0), T(0));
  EXPECT_EQ(y(0, 1), T(0));
  EXPECT_EQ(y(0, 2), T(2));
  EXPECT_TRUE(std::isnan(y(0, 3)));
  EXPECT_EQ(d(0, 0), T(0));
  EXPECT_EQ(d(0, 1), T(0));
  EXPECT_EQ(d(0, 2), T(5));
}

// Far out gelu is x or 0 with slope 1 or 0; at 0 its slope is 1/2. gelu(-6) = -6 / (1 + exp(sqrt(8/pi) (6 + 0.044715 216)))
// = -6 / (1 + exp(24.987576)) keeps its digits, which 1 + tanh loses in float. A NaN goes through both ways.
TYPED_TEST(elementwise_on, gelu_extremes) {
  using T    = typename TypeParam::value;
  using gelu = poft::primitive::gelu<typename TypeParam::backend>;
  tensor<T> x(1, 6), y(1, 6), d(1, 6, T(2));
  x.data = {T(1e30), T(-1e30), T(100), T(0), T(-6), std::numeric_limits<T>::quiet_NaN()};
  gelu::forward({}, x, matrix(y));
  gelu::backward({}, x, d, matrix(d));
  EXPECT_EQ(y(0, 0), T(1e30));
  EXPECT_EQ(y(0, 1), T(0));
  EXPECT_EQ(y(0, 2), T(100));
  EXPECT_EQ(y(0, 3), T(0));
  double const exponent = std::sqrt(8 / 3.14159265358979323846) * (6 + 0.044715 * 216);
  EXPECT_NEAR(double(y(0, 4)) * (1 + std::exp(exponent)), -6, 1e-5 * 6);
  EXPECT_TRUE(std::isnan(y(0, 5)));
  EXPECT_EQ(d(0, 0), T(2));
  EXPECT_EQ(d(0, 1), T(0));
  EXPECT_EQ(d(0, 2), T(2));
  EXPECT_EQ(d(0, 3), T(1));
  EXPECT_TRUE(std::isnan(d(0, 5)));
}

// Logits -inf, 0, log 3: probabilities 0, 1/4, 3/4. d_y = (0, 1, 1) sums to 2: d_x = (0, 1 - 2/4, 1 - 6/4).
// 1000 beside 0 neither overflows nor loses the difference.
TYPED_TEST(elementwise_on, log_softmax_extremes) {
  using T           = typename TypeParam::value;
  using log_softmax = poft::primitive::log_softmax<typename TypeParam::backend>;
  T const infinity  = std::numeric_limits<T>::infinity();
  tensor<T> x(1, 3), y(1, 3), d(1, 3, T(1));
  x.data = {-infinity, 0, T(std::log(3.0))};
  log_softmax::forward({}, x, matrix(y));
  d.data = {0, 1, 1};
  log_softmax::backward({}, y, d, matrix(d));
  EXPECT_EQ(y(0, 0), -infinity);
  EXPECT_NEAR(double(y(0, 1)), std::log(0.25), 1e-6);
  EXPECT_NEAR(double(y(0, 2)), std::log(0.75), 1e-6);
  EXPECT_EQ(d(0, 0), T(0));
  EXPECT_NEAR(double(d(0, 1)), 0.5, 1e-6);
  EXPECT_NEAR(double(d(0, 2)), -0.5, 1e-6);

  x.data = {1000, 0, 1000};
  log_softmax::forward({}, x, matrix(y));
  EXPECT_NEAR(double(y(0, 0)), -std::log(2.0), 1e-6);
  EXPECT_NEAR(double(y(0, 1)), -1000 - std::log(2.0), 1e-3);
}

}  // namespace
