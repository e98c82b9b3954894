// Memory, rows and sums of every backend.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdint>

#include "poft/row/row.hpp"
#include "primitive/tensor.hpp"

namespace {

using poft_test::tensor;

template <class On>
class backend_on : public ::testing::Test {};
TYPED_TEST_SUITE(backend_on, poft_test::every_backend);

TYPED_TEST(backend_on, memory) {
  using T = typename TypeParam::value;
  typename TypeParam::backend const backend{};
  auto buffer = backend.template allocate<T>(5);
  ASSERT_EQ(buffer.size(), 5);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(buffer.data()[i], T(0));
  poft::view<T> const all(buffer.data(), 5);
  backend.fill(all, 3);
  backend.copy(std::vector<T>{1, 2}, all.subview(1, 2));
  EXPECT_EQ(std::vector<T>(all.begin(), all.end()), (std::vector<T>{3, 1, 2, 3, 3}));
  EXPECT_THROW(backend.copy(std::vector<T>{1, 2}, all), poft::shape_error);

  auto const moved = std::move(buffer);
  EXPECT_EQ(moved.data()[2], T(2));
  EXPECT_EQ(backend.template allocate<T>(0).size(), 0);
}

template <class T>
struct sum_of_row {
  poft::view<T const, 2> x;
  poft::view<T> out;

  template <class Group>
  void operator()(Group group, std::int64_t r) const {
    poft::row<T const> const values{x.row(r).data()};
    T const sum = group.sum(0, x.columns(), [=](auto i) { return values[i]; });
    group.once([&] { out[r] += sum; });
  }
};

// Row r holds r + 1 in each of its columns: its sum is (r + 1) columns, exactly. Each row is visited once.
TYPED_TEST(backend_on, every_row_once) {
  using T = typename TypeParam::value;
  for (std::ptrdiff_t columns : poft_test::odd_sizes) {
    for (std::ptrdiff_t rows : {0, 1, 50, 1000}) {
      tensor<T> x(rows, columns), out(1, rows);
      for (std::ptrdiff_t r = 0; r < rows; ++r)
        std::fill_n(&x.data[std::size_t(r * columns)], columns, T(r + 1));
      typename TypeParam::backend{}.template for_rows<T>(rows, columns, sum_of_row<T>{x, out});
      for (std::ptrdiff_t r = 0; r < rows; ++r)
        ASSERT_EQ(out(0, r), T((r + 1) * columns)) << r << " of " << rows << " x " << columns;
    }
  }
}

template <class T>
struct element {
  T const* data;
  template <class Index>
  auto operator()(Index i) const {
    return poft::row<T const>{data}[i];
  }
};

// 1 + 2 + ... + n = n (n + 1) / 2: small enough here for float to hold every partial sum.
TYPED_TEST(backend_on, sum) {
  using T = typename TypeParam::value;
  for (std::ptrdiff_t n : {0, 1, 3, 17, 257, 5000}) {
    tensor<T> x(1, n);
    for (std::ptrdiff_t i = 0; i < n; ++i) x(0, i) = T(i + 1);
    EXPECT_EQ(typename TypeParam::backend{}.template sum<T>(n, element<T>{x.data.data()}),
              double(n) * double(n + 1) / 2);
  }
}

}  // namespace
