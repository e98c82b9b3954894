// The sum in the place of one term: values, aliasing, shapes.
// SPDX-License-Identifier: MIT
#include "poft/primitive/add.hpp"

#include <gtest/gtest.h>

#include "primitive/tensor.hpp"

namespace {

using poft::primitive::add;
using poft_test::tensor;

template <class On>
class add_on : public poft_test::of_backend<On> {};
TYPED_TEST_SUITE(add_on, poft_test::every_backend);

TYPED_TEST(add_on, accumulates) {
  using T   = typename TypeParam::value;
  using sum = add<typename TypeParam::backend>;
  for (std::ptrdiff_t width : poft_test::odd_sizes) {
    auto const x = tensor<T>::random(3, width, 1), before = tensor<T>::random(3, width, 2);
    auto y = before;
    sum::accumulate({}, x, matrix(y));
    for (std::size_t k = 0; k < y.data.size(); ++k) EXPECT_EQ(y.data[k], before.data[k] + x.data[k]);
    y = x;
    sum::accumulate({}, y, matrix(y));
    for (std::size_t k = 0; k < y.data.size(); ++k) EXPECT_EQ(y.data[k], 2 * x.data[k]);
    tensor<T> wrong(2, width);
    EXPECT_THROW(sum::accumulate({}, x, matrix(wrong)), poft::shape_error);
  }
}

}  // namespace
