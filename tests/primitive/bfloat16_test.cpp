// Primitives of bfloat16 storage: what is added to many times stays float until it is complete, and is then rounded once.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "poft/primitive/attention.hpp"
#include "primitive/rounded_tensor.hpp"

namespace {

using namespace poft_test;
using poft::bfloat16;
using poft::view;
using poft::primitive::attention_shape;
using numbers = poft_test::index_array<std::int64_t>;

template <class Backend>
class in_bfloat16 : public of_backend<on<Backend, float>> {};
#if defined(__CUDACC__)
using backends = ::testing::Types<on_unified_memory>;
#else
using backends = ::testing::Types<poft::eigen::backend, poft::one_by_one, on_unified_memory>;
#endif
TYPED_TEST_SUITE(in_bfloat16, backends);

// Equal keys: y is the mean of all values, rounded once, to within half of 2^-7 of the power of two below it.
TYPED_TEST(in_bfloat16, attention_sums_many_keys) {
  using attention        = poft::primitive::attention<TypeParam>;
  std::ptrdiff_t const n = 2000, channels = 8;
  attention_shape const shape{1, 1, channels};
  tensor<bfloat16> const q(1, channels, bfloat16(1.0f)), keys(n, channels, bfloat16(1.0f)),
      values = rounded_of(tensor<double>::random(n, channels, 1));
  tensor<bfloat16> y(1, channels, bfloat16{});
  numbers const lengths{n}, first{0};
  attention::decode({}, shape, lengths, q, {keys, values, first}, matrix(y));
  for (std::ptrdiff_t c = 0; c < channels; ++c) {
    double mean = 0;
    for (std::ptrdiff_t j = 0; j < n; ++j) mean += static_cast<double>(values(j, c)) / n;
    double const half = std::ldexp(1.0, std::ilogb(mean) - 8);
    EXPECT_NEAR(static_cast<double>(y(0, c)), mean, half + 1e-6) << c;
  }
}

// The oracle's from the same numbers. Terms may cancel, so that bounds are those of the largest; y is rounded by itself, the
// gradient by itself and because y is.
TYPED_TEST(in_bfloat16, attention_is_the_oracles) {
  using oracle = poft::primitive::attention<poft::one_by_one>;
  using rows   = poft::primitive::attention<TypeParam>;
  numbers const offsets{0, 1, 1, 24, 40, 43};
  attention_shape const shape{4, 2, 5};
  auto const qkv  = rounded_of(tensor<double>::random(43, shape.qkv_channels(), 1)),
             d_y  = rounded_of(tensor<double>::random(43, shape.query_channels(), 2));
  auto const qkv_ = tensor<double>::from(qkv), d_y_ = tensor<double>::from(d_y);
  tensor<double> want(43, shape.query_channels()), normaliser(43, shape.heads), d_want(43, qkv.columns);
  oracle::forward({}, shape, offsets, qkv_, matrix(want), matrix(normaliser));
  oracle::backward({}, shape, offsets, qkv_, want, normaliser, d_y_, matrix(d_want));

  tensor<bfloat16> y(43, want.columns, bfloat16{}), d(43, qkv.columns, bfloat16{});
  tensor<float> own(43, shape.heads);
  rows::forward({}, shape, offsets, qkv, matrix(y), matrix(own));
  rows::backward({}, shape, offsets, qkv, y, own, d_y, matrix(d));
  expect_close(own, normaliser, 1e-5, "log_normaliser");
  expect_rounded(y, want, 1);
  expect_rounded(d, d_want, 2);
}

}  // namespace
