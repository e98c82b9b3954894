// Attention by matrix products: what attention by rows gives, however many queries go together.
// SPDX-License-Identifier: MIT
#include "poft/primitive/attention_by_products.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "primitive/tensor.hpp"

namespace {

using namespace poft_test;
using poft::view;
using poft::primitive::attention_shape;
using numbers = std::vector<std::int64_t>;

template <class On>
class attention_by_products_on : public ::testing::Test {};
TYPED_TEST_SUITE(attention_by_products_on, every_backend);

TYPED_TEST(attention_by_products_on, is_that_by_rows) {
  using T        = typename TypeParam::value;
  using rows     = poft::primitive::attention<poft::one_by_one>;
  using products = poft::primitive::attention_by_products<typename TypeParam::backend>;
  typename TypeParam::backend const backend{};
  T const nan = std::numeric_limits<T>::quiet_NaN();
  numbers const offsets{0, 1, 1, 24, 40, 43};
  for (attention_shape const shape :
       {attention_shape{1, 1, 4}, attention_shape{2, 2, 16}, attention_shape{6, 2, 5}}) {
    auto const qkv = tensor<double>::random(43, shape.qkv_channels(), 1),
               d_y = tensor<double>::random(43, shape.query_channels(), 2);
    tensor<double> y(43, shape.query_channels()), normaliser(43, shape.heads), d_qkv(43, qkv.columns);
    rows::forward({}, shape, offsets, qkv, matrix(y), matrix(normaliser));
    rows::backward({}, shape, offsets, qkv, y, normaliser, d_y, matrix(d_qkv));
    auto const whole = products::room_for(shape, 23);
    EXPECT_EQ(whole, 2 * shape.heads * 23 * 23);
    T const scale = static_cast<T>(1 / std::sqrt(double(shape.head_channels)));
    for (std::int64_t const size : {whole, 2 * shape.heads * 23 * 10, 2 * shape.heads * 23}) {
      std::vector<T> room(static_cast<std::size_t>(size), nan);
      tensor<T> own_y(43, y.columns, nan), own_normaliser(43, shape.heads, nan), d(43, qkv.columns, nan);
      auto const own_qkv = tensor<T>::from(qkv), own_d_y = tensor<T>::from(d_y);
      products::forward(backend, shape, offsets, scale, own_qkv, matrix(own_y), matrix(own_normaliser),
                        view<T>(room));
      products::backward(backend, shape, offsets, scale, own_qkv, own_y, own_normaliser, own_d_y, matrix(d),
                         view<T>(room));
      expect_close(own_y, y, 10 * TypeParam::tolerance, "y");
      expect_close(own_normaliser, normaliser, 10 * TypeParam::tolerance, "log_normaliser");
      expect_close(d, d_qkv, 20 * TypeParam::tolerance, "d_qkv");
    }
  }
}

}  // namespace
