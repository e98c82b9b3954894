// The gated linear unit: loops, finite differences, extremes, shapes.
// SPDX-License-Identifier: MIT
#include "poft/primitive/swiglu.hpp"

#include <gtest/gtest.h>

#include "primitive/tensor.hpp"

namespace {

using poft::primitive::swiglu;
using poft_test::differences;
using poft_test::expect_close;
using poft_test::tensor;
using poft_test::weighted_sum;

tensor<double> by_loops(tensor<double> const& gate_up) {
  tensor<double> y(gate_up.rows, gate_up.columns / 2);
  for (std::ptrdiff_t r = 0; r < y.rows; ++r) {
    for (std::ptrdiff_t c = 0; c < y.columns; ++c) {
      double const gate = gate_up(r, c);
      y(r, c)           = gate / (1 + std::exp(-gate)) * gate_up(r, y.columns + c);
    }
  }
  return y;
}

template <class On>
class swiglu_on : public poft_test::of_backend<On> {};
TYPED_TEST_SUITE(swiglu_on, poft_test::every_backend);

// gate log 3: sigmoid 3/4, silu' = 3/4 + 3/16 log 3. up 8, d_y 2: y = 6 log 3, d_gate = 16 silu', d_up = 3/2 log 3.
TYPED_TEST(swiglu_on, worked_example) {
  using T            = typename TypeParam::value;
  using layer        = swiglu<typename TypeParam::backend>;
  double const log_3 = std::log(3.0);
  tensor<T> gate_up(1, 2), y(1, 1), d_y(1, 1, T(2)), d(1, 2);
  gate_up.data = {T(log_3), 8};
  layer::forward({}, gate_up, matrix(y));
  layer::backward({}, gate_up, d_y, matrix(d));
  tensor<double> expected(1, 2);
  expected.data = {12 + 3 * log_3, 1.5 * log_3};
  EXPECT_NEAR(double(y(0, 0)), 6 * log_3, 10 * TypeParam::tolerance);
  expect_close(d, expected, 10 * TypeParam::tolerance, "d_gate_up");
}

TYPED_TEST(swiglu_on, loops_and_differences) {
  using T     = typename TypeParam::value;
  using layer = swiglu<typename TypeParam::backend>;
  typename TypeParam::backend const backend{};
  for (std::ptrdiff_t hidden : poft_test::odd_sizes) {
    auto x = tensor<double>::random(3, 2 * hidden, 1);
    for (double& e : x.data) e *= 4;
    auto const d    = tensor<double>::random(3, hidden, 2);
    auto const loss = [&] { return weighted_sum(d, by_loops(x)); };
    auto const x_ = tensor<T>::from(x), d_ = tensor<T>::from(d);
    tensor<T> y(3, hidden), d_x(3, 2 * hidden);
    layer::forward(backend, x_, matrix(y));
    layer::backward(backend, x_, d_, matrix(d_x));
    expect_close(y, by_loops(x), 10 * TypeParam::tolerance, "y");
    expect_close(d_x, differences(x, loss), TypeParam::difference_tolerance, "d_gate_up");

    auto in_place = x_;
    layer::backward(backend, in_place, d_, matrix(in_place));
    EXPECT_EQ(in_place.data, d_x.data);
  }
}

// Far out the gate is open or shut: silu(g) = g or 0, its slope 1 or 0; nothing overflows.
TYPED_TEST(swiglu_on, extremes) {
  using T     = typename TypeParam::value;
  using layer = swiglu<typename TypeParam::backend>;
  tensor<T> x(1, 4), y(1, 2), d_y(1, 2, T(1)), d(1, 4);
  x.data = {T(1e30), T(-1e30), 2, 2};
  layer::forward({}, x, matrix(y));
  layer::backward({}, x, d_y, matrix(d));
  EXPECT_EQ(y(0, 0), T(2) * T(1e30));
  EXPECT_EQ(y(0, 1), T(0));
  EXPECT_EQ(d(0, 0), T(2));
  EXPECT_EQ(d(0, 1), T(0));
}

TYPED_TEST(swiglu_on, refuses_shapes) {
  using T     = typename TypeParam::value;
  using layer = swiglu<typename TypeParam::backend>;
  tensor<T> x(4, 6), y(4, 3), wrong(4, 5);
  EXPECT_THROW(layer::forward({}, wrong, matrix(y)), poft::shape_error);
  EXPECT_THROW(layer::forward({}, x, matrix(wrong)), poft::shape_error);
  EXPECT_THROW(layer::backward({}, wrong, y, matrix(x)), poft::shape_error);
  EXPECT_THROW(layer::backward({}, x, wrong, matrix(x)), poft::shape_error);
  EXPECT_THROW(layer::backward({}, x, y, matrix(wrong)), poft::shape_error);
}

}  // namespace
