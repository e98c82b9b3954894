// The linear layer and column sums: loops, finite differences, shapes.
// SPDX-License-Identifier: MIT
#include "poft/primitive/linear.hpp"

#include <gtest/gtest.h>

#include "primitive/tensor.hpp"

namespace linear_test {
namespace {

using poft::primitive::linear;
using poft_test::array_of;
using poft_test::differences;
using poft_test::expect_close;
using poft_test::tensor;
using poft_test::weighted_sum;

tensor<double> by_loops(tensor<double> const& x, tensor<double> const& weight, tensor<double> const& bias) {
  tensor<double> y(x.rows, weight.rows);
  for (std::ptrdiff_t r = 0; r < x.rows; ++r) {
    for (std::ptrdiff_t o = 0; o < weight.rows; ++o) {
      y(r, o) = bias(0, o);
      for (std::ptrdiff_t i = 0; i < x.columns; ++i) y(r, o) += x(r, i) * weight(o, i);
    }
  }
  return y;
}

template <class On>
class linear_on : public poft_test::of_backend<On> {};
TYPED_TEST_SUITE(linear_on, poft_test::every_backend);

// y = [1 2] [3 4; 5 6]^T + [10 20] = [3+8+10  5+12+20] = [21 37]. d_y = [1 -1]: d_x = [3-5 4-6] = [-2 -2],
// d_W = [1 2; -1 -2], d_b = [1 -1], the last two added to what was there (ones).
TYPED_TEST(linear_on, worked_example) {
  using T = typename TypeParam::value;
  typename TypeParam::backend const backend{};
  tensor<T> x(1, 2), w(2, 2), b(1, 2), y(1, 2), d_y(1, 2), d_x(1, 2, T(9)), d_w(2, 2, T(1)), d_b(1, 2, T(1));
  x.data = {1, 2}, w.data = {3, 4, 5, 6}, b.data = {10, 20}, d_y.data = {1, -1};
  linear<typename TypeParam::backend>::forward(backend, x, w, b, matrix(y));
  linear<typename TypeParam::backend>::backward(backend, matrix(x), w, d_y, d_x, matrix(d_w), d_b);
  EXPECT_EQ(y.data, (array_of<T>{21, 37}));
  EXPECT_EQ(d_x.data, (array_of<T>{-2, -2}));
  EXPECT_EQ(d_w.data, (array_of<T>{2, 3, 0, -1}));
  EXPECT_EQ(d_b.data, (array_of<T>{2, 0}));
}

TYPED_TEST(linear_on, loops_and_differences) {
  using T = typename TypeParam::value;
  typename TypeParam::backend const backend{};
  for (std::ptrdiff_t rows : {1, 5}) {
    for (std::ptrdiff_t inputs : {1, 3, 17, 50}) {
      for (std::ptrdiff_t outputs : {1, 17, 33}) {
        auto x = tensor<double>::random(rows, inputs, 1), w = tensor<double>::random(outputs, inputs, 2);
        auto b = tensor<double>::random(1, outputs, 3), d = tensor<double>::random(rows, outputs, 4);
        auto const loss = [&] { return weighted_sum(d, by_loops(x, w, b)); };

        auto const x_ = tensor<T>::from(x), w_ = tensor<T>::from(w), b_ = tensor<T>::from(b),
                   d_ = tensor<T>::from(d);
        tensor<T> y(rows, outputs), d_x(rows, inputs), d_w(outputs, inputs), d_b(1, outputs);
        linear<typename TypeParam::backend>::forward(backend, x_, w_, b_, matrix(y));
        linear<typename TypeParam::backend>::backward(backend, matrix(x_), w_, d_, d_x, matrix(d_w), d_b);
        expect_close(y, by_loops(x, w, b), 10 * TypeParam::tolerance, "y");
        expect_close(d_x, differences(x, loss), TypeParam::difference_tolerance, "d_x");
        expect_close(d_w, differences(w, loss), TypeParam::difference_tolerance, "d_weight");
        expect_close(d_b, differences(b, loss), TypeParam::difference_tolerance, "d_bias");
      }
    }
  }
}

// The same with a residual r = [100 200] and without bias: y = r + [11 17] + [10 20], r + [11 17], [11 17].
TYPED_TEST(linear_on, bias_and_residual_are_optional) {
  using T     = typename TypeParam::value;
  using layer = linear<typename TypeParam::backend>;
  typename TypeParam::backend const backend{};
  tensor<T> x(1, 2), w(2, 2), b(1, 2), r(1, 2), y(1, 2, T(NAN));
  x.data = {1, 2}, w.data = {3, 4, 5, 6}, b.data = {10, 20}, r.data = {100, 200};
  layer::forward(backend, x, w, {}, matrix(y));
  EXPECT_EQ(y.data, (array_of<T>{11, 17}));
  layer::forward_onto(backend, x, w, b, r, matrix(y));
  EXPECT_EQ(y.data, (array_of<T>{121, 237}));
  layer::forward_onto(backend, x, w, {}, r, matrix(y));
  EXPECT_EQ(y.data, (array_of<T>{111, 217}));
  layer::forward_onto(backend, x, w, {}, y, matrix(y));
  EXPECT_EQ(y.data, (array_of<T>{122, 234}));
  layer::forward_onto(backend, x, w, b, y, matrix(y));
  EXPECT_EQ(y.data, (array_of<T>{143, 271}));

  tensor<T> d_y(1, 2, T(1)), d_x(1, 2), d_w(2, 2);
  layer::backward(backend, matrix(x), w, d_y, d_x, matrix(d_w), {});
  EXPECT_EQ(d_x.data, (array_of<T>{8, 10}));
  EXPECT_EQ(d_w.data, (array_of<T>{1, 2, 1, 2}));
}

TYPED_TEST(linear_on, leaves_d_x_out_when_it_is_empty) {
  using T = typename TypeParam::value;
  typename TypeParam::backend const backend{};
  auto const x = tensor<T>::random(4, 3, 1), w = tensor<T>::random(2, 3, 2), d_y = tensor<T>::random(4, 2, 3);
  tensor<T> d_x(4, 3), with(2, 3), without(2, 3), d_b(1, 2), d_b_without(1, 2);
  linear<typename TypeParam::backend>::backward(backend, matrix(x), w, d_y, d_x, matrix(with), d_b);
  linear<typename TypeParam::backend>::backward(backend, matrix(x), w, d_y, {}, matrix(without), d_b_without);
  EXPECT_EQ(with.data, without.data);
  EXPECT_EQ(d_b.data, d_b_without.data);
}

TYPED_TEST(linear_on, refuses_shapes) {
  using T = typename TypeParam::value;
  typename TypeParam::backend const backend{};
  tensor<T> x(4, 3), w(2, 3), b(1, 2), y(4, 2), narrow(4, 1);
  using layer = linear<typename TypeParam::backend>;
  try {
    layer::forward(backend, x, tensor<T>(2, 5), b, matrix(y));
    FAIL();
  } catch (poft::shape_error const& e) {
    EXPECT_STREQ(e.what(), "linear forward: weight is [2, 5], expected [2, 3]");
  }
  EXPECT_THROW(layer::forward(backend, x, w, tensor<T>(1, 3), matrix(y)), poft::shape_error);
  EXPECT_THROW(layer::forward(backend, x, w, b, matrix(narrow)), poft::shape_error);
  EXPECT_THROW(layer::forward_onto(backend, x, w, b, narrow, matrix(y)), poft::shape_error);
  EXPECT_THROW(layer::backward(backend, matrix(x), w, y, narrow, matrix(w), b), poft::shape_error);
  EXPECT_THROW(layer::backward(backend, matrix(x), w, y, x, matrix(y), b), poft::shape_error);
  EXPECT_THROW(layer::backward(backend, matrix(x), w, y, x, matrix(w), x), poft::shape_error);
  EXPECT_THROW(layer::backward(backend, matrix(x), w, narrow, x, matrix(w), b), poft::shape_error);
}

}  // namespace
}  // namespace linear_test
