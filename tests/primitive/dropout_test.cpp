// Dropout: its mask comes from seed, stream and element alone; the share that it keeps; shapes.
// SPDX-License-Identifier: MIT
#include "poft/primitive/dropout.hpp"

#include <gtest/gtest.h>

#include "primitive/tensor.hpp"

namespace {

using poft::primitive::dropout;
using poft_test::tensor;

template <class On>
class dropout_on : public poft_test::of_backend<On> {};
TYPED_TEST_SUITE(dropout_on, poft_test::every_backend);

// Word k of the stream decides over element k, in rows of any width; with probability 1/4 what stays is times 4/3.
TYPED_TEST(dropout_on, mask_is_the_stream) {
  using T     = typename TypeParam::value;
  using layer = dropout<typename TypeParam::backend>;
  for (std::ptrdiff_t width : poft_test::odd_sizes) {
    auto const x = tensor<T>::random(5, width, 1), d_y = tensor<T>::random(5, width, 2);
    tensor<T> y(5, width), d_x(5, width);
    layer::forward({}, 0.25, 7, 3, x, matrix(y));
    layer::backward({}, 0.25, 7, 3, d_y, matrix(d_x));
    poft::random_stream random(7, 3);
    for (std::size_t k = 0; k < x.data.size(); ++k) {
      bool const kept = random.uniform<float>() >= 0.25f;
      EXPECT_EQ(y.data[k], kept ? T(4.0 / 3) * x.data[k] : T(0)) << k;
      EXPECT_EQ(d_x.data[k], kept ? T(4.0 / 3) * d_y.data[k] : T(0)) << k;
    }
    auto in_place = x;
    layer::forward({}, 0.25, 7, 3, in_place, matrix(in_place));
    EXPECT_EQ(in_place.data, y.data);
  }
}

// A million draws: the share lies within five standard deviations, sqrt(p (1 - p) / 10^6) < 5e-4, of what was asked.
TYPED_TEST(dropout_on, keeps_its_share) {
  using T = typename TypeParam::value;
  tensor<T> const x(1000, 1000, T(1));
  for (double const p : {0.0, 0.1, 0.5, 0.9}) {
    tensor<T> y(1000, 1000);
    dropout<typename TypeParam::backend>::forward({}, p, 1, 0, x, matrix(y));
    double zeros = 0;
    for (T const e : y.data) zeros += e == 0;
    EXPECT_NEAR(zeros / 1e6, p, 5 * std::sqrt(p * (1 - p) / 1e6));
  }
}

TYPED_TEST(dropout_on, other_streams_other_masks) {
  using T = typename TypeParam::value;
  tensor<T> const x(1, 1000, T(1));
  tensor<T> a(1, 1000), b(1, 1000), c(1, 1000);
  dropout<typename TypeParam::backend>::forward({}, 0.5, 1, 0, x, matrix(a));
  dropout<typename TypeParam::backend>::forward({}, 0.5, 1, 1, x, matrix(b));
  dropout<typename TypeParam::backend>::forward({}, 0.5, 2, 0, x, matrix(c));
  EXPECT_NE(a.data, b.data);
  EXPECT_NE(a.data, c.data);
}

TYPED_TEST(dropout_on, refuses) {
  using T     = typename TypeParam::value;
  using layer = dropout<typename TypeParam::backend>;
  tensor<T> x(4, 3), wrong(4, 2);
  EXPECT_THROW(layer::forward({}, 0.5, 1, 0, x, matrix(wrong)), poft::shape_error);
  EXPECT_THROW(layer::backward({}, 0.5, 1, 0, x, matrix(wrong)), poft::shape_error);
  for (double const p : {-0.1, 1.0, std::nan("")}) {
    EXPECT_THROW(layer::forward({}, p, 1, 0, x, matrix(x)), poft::value_error);
  }
}

}  // namespace
