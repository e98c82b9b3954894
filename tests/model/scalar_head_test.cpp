// The scalar head: a worked example, finite differences, what it refuses.
// SPDX-License-Identifier: MIT
#include "poft/model/scalar_head.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "primitive/tensor.hpp"

namespace {

using namespace poft_test;
using poft::view;

template <class On>
class scalar_head_on : public ::testing::Test {};
TYPED_TEST_SUITE(scalar_head_on, every_backend);

// hidden [[1 2] [3 4] [5 6]], weight [1 -2]: values 1 - 4 = -3, 3 - 8 = -5, 5 - 12 = -7. Sequences of 1 and 2 tokens end at
// tokens 0 and 2: rewards -3 and -7. d_rewards [1 3]: d_values [1 0 3], d_hidden = d_values weight = [[1 -2] [0 0] [3 -6]],
// added to ones, d_weight = 1 [1 2] + 3 [5 6] = [16 20], added to ones.
TYPED_TEST(scalar_head_on, worked_example) {
  using T    = typename TypeParam::value;
  using head = poft::scalar_head<typename TypeParam::backend>;
  typename TypeParam::backend const backend{};
  tensor<T> hidden(3, 2), weight(1, 2), d_hidden(3, 2, T(1)), d_weight(1, 2, T(1));
  hidden.data = {1, 2, 3, 4, 5, 6}, weight.data = {1, -2};
  poft::linear_slices<T> const p{matrix(weight), {}}, d{matrix(d_weight), {}};
  array_of<T> values(3), rewards(2), d_values(3, T(9));
  std::vector<std::int64_t> const offsets{0, 1, 3};
  head::forward(backend, hidden, p, values);
  EXPECT_EQ(values, (array_of<T>{-3, -5, -7}));
  head::last_tokens(backend, values, offsets, view<T>(rewards));
  EXPECT_EQ(rewards, (array_of<T>{-3, -7}));
  head::last_tokens_backward(backend, array_of<T>{1, 3}, offsets, view<T>(d_values));
  EXPECT_EQ(d_values, (array_of<T>{1, 0, 3}));
  head::backward(backend, hidden, p, d_values, matrix(d_hidden), d);
  EXPECT_EQ(d_hidden.data, (array_of<T>{2, -1, 1, 1, 4, -5}));
  EXPECT_EQ(d_weight.data, (array_of<T>{17, 21}));
}

TYPED_TEST(scalar_head_on, refuses_shapes_that_do_not_fit) {
  using T    = typename TypeParam::value;
  using head = poft::scalar_head<typename TypeParam::backend>;
  typename TypeParam::backend const backend{};
  tensor<T> hidden(3, 2), weight(1, 2), narrow(1, 1);
  poft::linear_slices<T> const p{matrix(weight), {}}, of_another{matrix(narrow), {}}, none{};
  array_of<T> values(3), two(2);
  EXPECT_THROW(head::forward(backend, hidden, p, two), poft::shape_error);
  EXPECT_THROW(head::forward(backend, hidden, of_another, values), poft::shape_error);
  EXPECT_THROW(head::forward(backend, hidden, none, values),
               poft::shape_error);  // a model without a scalar head
  EXPECT_THROW(head::backward(backend, hidden, p, two, matrix(hidden), p), poft::shape_error);
  EXPECT_THROW(head::backward(backend, hidden, p, values, matrix(weight), p), poft::shape_error);
  EXPECT_THROW(head::backward(backend, hidden, p, values, matrix(hidden), of_another), poft::shape_error);
  for (std::vector<std::int64_t> const& offsets :
       std::vector<std::vector<std::int64_t>>{{0, 0, 3}, {0, 1, 4}, {-1, 0, 3}, {0, 2, 1}}) {
    EXPECT_THROW(head::last_tokens(backend, values, offsets, view<T>(two)), poft::value_error);
    EXPECT_THROW(head::last_tokens_backward(backend, two, offsets, view<T>(values)), poft::value_error);
  }
  EXPECT_THROW(head::last_tokens(backend, values, std::vector<std::int64_t>{0, 3}, view<T>(two)),
               poft::shape_error);
}

}  // namespace
