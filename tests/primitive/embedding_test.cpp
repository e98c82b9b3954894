// Rows of a table: loops, gradients of repeated tokens, tokens outside the table.
// SPDX-License-Identifier: MIT
#include "poft/primitive/embedding.hpp"

#include <gtest/gtest.h>

#include "primitive/tensor.hpp"

namespace {

using poft::primitive::embedding;
using poft_test::array_of;
using poft_test::tensor;
using tokens_list = poft_test::index_array<std::int32_t>;

template <class On>
class embedding_on : public poft_test::of_backend<On> {};
TYPED_TEST_SUITE(embedding_on, poft_test::every_backend);

// Table rows [1 2], [3 4], [5 6]; tokens 2, 0, 2: y = [5 6], [1 2], [5 6]. d_y = [1 10], [2 20], [4 40]: row 0 gets [2
// 20], row 2 [5 50], row 1 nothing; all added to ones.
TYPED_TEST(embedding_on, worked_example) {
  using T     = typename TypeParam::value;
  using layer = embedding<typename TypeParam::backend>;
  tokens_list const tokens{2, 0, 2};
  tensor<T> table(3, 2), y(3, 2, T(9)), d_y(3, 2), d_table(3, 2, T(1));
  table.data = {1, 2, 3, 4, 5, 6};
  d_y.data   = {1, 10, 2, 20, 4, 40};
  layer::forward({}, tokens, table, matrix(y));
  EXPECT_EQ(y.data, (array_of<T>{5, 6, 1, 2, 5, 6}));
  layer::forward_onto({}, tokens, table, matrix(y));
  EXPECT_EQ(y.data, (array_of<T>{10, 12, 2, 4, 10, 12}));
  layer::backward({}, tokens, matrix(d_y), matrix(d_table));
  EXPECT_EQ(d_table.data, (array_of<T>{3, 21, 1, 1, 6, 51}));
}

TYPED_TEST(embedding_on, sums_in_the_order_of_rows) {
  using T     = typename TypeParam::value;
  using layer = embedding<typename TypeParam::backend>;
  for (std::ptrdiff_t channels : poft_test::odd_sizes) {
    std::ptrdiff_t const vocab = 11, rows = 70;
    poft::random_stream random(5);
    tokens_list tokens(rows);
    for (auto& token : tokens)
      token = static_cast<std::int32_t>(random.below(vocab - 1));  // one is never used
    auto const d_y = tensor<T>::random(rows, channels, 1), before = tensor<T>::random(vocab, channels, 2);
    auto expected = before, d_table = before;
    for (std::ptrdiff_t r = 0; r < rows; ++r) {
      for (std::ptrdiff_t c = 0; c < channels; ++c) {
        expected(tokens[static_cast<std::size_t>(r)], c) += d_y(r, c);
      }
    }
    layer::backward({}, tokens, matrix(d_y), matrix(d_table));
    EXPECT_EQ(d_table.data, expected.data);
  }
}

TYPED_TEST(embedding_on, refuses_before_it_writes) {
  using T     = typename TypeParam::value;
  using layer = embedding<typename TypeParam::backend>;
  tensor<T> table(3, 2, T(1)), y(2, 2, T(9)), wrong(2, 3);
  for (tokens_list const& tokens : {tokens_list{0, 3}, tokens_list{0, -1}}) {
    try {
      layer::forward({}, tokens, table, matrix(y));
      FAIL();
    } catch (poft::value_error const& e) {
      EXPECT_EQ(e.what(),
                "embedding forward: tokens[1] is " + std::to_string(tokens[1]) + ", expected 0 .. 2");
    }
    EXPECT_THROW(layer::forward_onto({}, tokens, table, matrix(y)), poft::value_error);
    EXPECT_THROW(layer::backward({}, tokens, matrix(y), matrix(table)), poft::value_error);
  }
  EXPECT_EQ(y.data, array_of<T>(4, T(9)));
  EXPECT_EQ(table.data, array_of<T>(6, T(1)));
  tokens_list const tokens{0, 1}, more{0, 1, 2};
  EXPECT_THROW(layer::forward({}, tokens, table, matrix(wrong)), poft::shape_error);
  EXPECT_THROW(layer::forward({}, more, table, matrix(y)), poft::shape_error);
  EXPECT_THROW(layer::forward_onto({}, tokens, table, matrix(wrong)), poft::shape_error);
  EXPECT_THROW(layer::backward({}, tokens, matrix(wrong), matrix(table)), poft::shape_error);
  EXPECT_THROW(layer::backward({}, more, matrix(y), matrix(table)), poft::shape_error);
  tensor<T> none(0, 2);
  layer::forward({}, tokens_list{}, table, matrix(none));
  layer::backward({}, tokens_list{}, matrix(none), matrix(table));
}

}  // namespace
