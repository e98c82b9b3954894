// Products of a few rows: every number of rows against loops, on lanes and one by one.
// SPDX-License-Identifier: MIT
#include "poft/row/small_product.hpp"

#include <gtest/gtest.h>

#include "poft/backend/eigen/lane_group.hpp"
#include "poft/row/one_by_one_group.hpp"
#include "primitive/tensor.hpp"

namespace {

using poft::row_block;
using poft_test::tensor;

// Small integers: every sum is exact, in any order. Rows are further apart than they are wide.
template <class Group>
void check() {
  using T = typename Group::value;
  for (std::int64_t rows = 0; rows <= 19; ++rows) {
    for (std::int64_t const terms : {0, 1, 5}) {
      for (std::int64_t const width : {1, 16, 37}) {
        tensor<T> from(terms, width + 2), to(rows, width + 3, T(7));
        for (std::size_t k = 0; k < from.data.size(); ++k) from.data[k] = T(k % 11);
        row_block<T> const block{to.data.data(), width + 3};
        auto const start  = [=](std::int64_t r, auto i) { return block[r][i] + block[r][i]; };
        auto const weight = [](std::int64_t r, std::int64_t k) { return T(r - 3 * k); };
        poft::weighted_sums(Group{}, rows, width, block, start, terms, weight,
                            row_block<T const>{from.data.data(), width + 2});
        for (std::int64_t r = 0; r < rows; ++r) {
          for (std::int64_t i = 0; i < width + 3; ++i) {
            T expected = i < width ? 14 : 7;
            for (std::int64_t k = 0; k < terms && i < width; ++k) expected += T(r - 3 * k) * from(k, i);
            ASSERT_EQ(to(r, i), expected) << rows << " rows, row " << r << ", column " << i;
          }
        }
      }
    }
  }
}

TEST(small_product, every_number_of_rows) {
  check<poft::one_by_one_group<double>>();
  check<poft::eigen::lane_group<float>>();
  check<poft::eigen::lane_group<double>>();
}

}  // namespace
