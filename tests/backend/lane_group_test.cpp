// The lane group against the one-by-one oracle: every length of tail, both element types, bfloat16 storage; equal bits for
// any number of threads.
// SPDX-License-Identifier: MIT
#include "poft/backend/eigen/lane_group.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "poft/backend/eigen/backend.hpp"
#include "poft/row/one_by_one_group.hpp"
#include "poft/row/row.hpp"

namespace {

using poft::row;

template <class T>
class lane_group : public testing::Test {
 public:
  static std::vector<T> numbers(int n) {
    std::vector<T> out(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) out[static_cast<std::size_t>(i)] = static_cast<T>((i * 37 % 101) - 50) / 8;
    return out;
  }
};
using element_types = testing::Types<float, double>;
TYPED_TEST_SUITE(lane_group, element_types);

TYPED_TEST(lane_group, reductions_equal_the_oracle_for_every_tail) {
  using T = TypeParam;
  poft::eigen::lane_group<T> const lanes;
  poft::one_by_one_group<double> const oracle;
  for (int n = 0; n <= 131; ++n) {
    auto const values = this->numbers(n);
    row<T const> const x{values.data()};
    auto twice = [=](auto i) { return x[i] + x[i]; };  // multiples of 1/8: sums are exact in any order
    EXPECT_EQ(static_cast<double>(lanes.sum(0, n, twice)), oracle.sum(0, n, twice)) << n;
    EXPECT_EQ(static_cast<double>(lanes.max(0, n, twice)), oracle.max(0, n, twice)) << n;
    if (n > 3) {
      EXPECT_EQ(static_cast<double>(lanes.sum(3, n - 1, twice)), oracle.sum(3, n - 1, twice)) << n;
    }
  }
}

TYPED_TEST(lane_group, each_writes_every_element_and_nothing_beyond) {
  using T = TypeParam;
  for (int n = 0; n <= 67; ++n) {
    auto const values = this->numbers(n);
    std::vector<T> out(static_cast<std::size_t>(n) + 5, T(99));
    row<T const> const x{values.data()};
    row<T> const y{out.data()};
    poft::eigen::lane_group<T>::each(0, n, [=](auto i) { y.set(i, -x[i]); });
    for (int i = 0; i < n; ++i)
      EXPECT_EQ(out[static_cast<std::size_t>(i)], -values[static_cast<std::size_t>(i)]);
    for (int i = n; i < n + 5; ++i) EXPECT_EQ(out[static_cast<std::size_t>(i)], T(99));
  }
}

TEST(lane_group_bfloat16, loads_and_stores_through_float) {
  std::vector<poft::bfloat16> stored, out(37);
  for (int i = 0; i < 37; ++i) stored.push_back(poft::bfloat16(0.25f * static_cast<float>(i - 18)));
  row<poft::bfloat16 const> const x{stored.data()};
  row<poft::bfloat16> const y{out.data()};
  poft::eigen::lane_group<float>::each(0, 37, [=](auto i) { y.set(i, x[i] + x[i]); });
  for (int i = 0; i < 37; ++i)
    EXPECT_EQ(static_cast<float>(out[static_cast<std::size_t>(i)]), 0.5f * static_cast<float>(i - 18));
}

struct square_roots {
  row<float const> x;
  template <class Index>
  auto operator()(Index i) const {
    return sqrt(abs(x[i]));
  }
};
struct sum_rows {
  float const* x;
  float* out;
  template <class Group>
  void operator()(Group group, std::int64_t r) const {
    row<float const> const values{x + r * 100};
    out[r] = group.sum(0, 100, [=](auto i) { return exp(values[i]); });
  }
};

TEST(eigen_backend, any_number_of_threads_gives_the_same_bits) {
  std::vector<float> x(100000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
  double const one = poft::eigen::backend{1}.sum<float>(100000, square_roots{{x.data()}});
  std::vector<float> rows_of_one(1000), rows(1000);
  poft::eigen::backend{1}.for_rows<float>(1000, 100, sum_rows{x.data(), rows_of_one.data()});
  for (int threads : {2, 3, 7, 0}) {
    EXPECT_EQ(poft::eigen::backend{threads}.sum<float>(100000, square_roots{{x.data()}}), one) << threads;
    poft::eigen::backend{threads}.for_rows<float>(1000, 100, sum_rows{x.data(), rows.data()});
    EXPECT_EQ(rows, rows_of_one) << threads;
  }
}

}  // namespace
