// view: extents, strides, conversions; what must not convert does not.
// SPDX-License-Identifier: MIT
#include "poft/core/view.hpp"

#include <array>
#include <numeric>
#include <span>
#include <vector>

#include <gtest/gtest.h>

namespace poft {
namespace {

static_assert(std::is_trivially_copyable_v<view<float, 1>> && std::is_trivially_copyable_v<view<float, 2>>);
static_assert(sizeof(view<float, 1>) == 2 * sizeof(void*) && sizeof(view<float, 2>) == 4 * sizeof(void*));
static_assert(std::is_convertible_v<view<float, 1>, view<float const, 1>>);
static_assert(std::is_convertible_v<view<float, 2>, view<float const, 2>>);
static_assert(!std::is_constructible_v<view<float, 1>, view<float const, 1>>);
static_assert(!std::is_constructible_v<view<float, 2>, view<float const, 2>>);
static_assert(!std::is_constructible_v<view<double, 1>, view<float, 1>>);
static_assert(!std::is_constructible_v<view<float, 1>, view<float, 2>>, "a matrix with gaps is no row");

struct base {
  int a;
};
struct derived : base {
  int b;
};
static_assert(!std::is_constructible_v<view<base, 1>, view<derived, 1>>, "the elements lie further apart");
static_assert(!std::is_constructible_v<view<base, 1>, std::vector<derived>&>);

// The rules of std::span: a temporary owner gives read-only elements, a span whatever it holds.
static_assert(std::is_constructible_v<view<float, 1>, std::vector<float>&>);
static_assert(!std::is_constructible_v<view<float, 1>, std::vector<float>>);
static_assert(!std::is_constructible_v<view<float, 1>, std::vector<float> const&>);
static_assert(std::is_constructible_v<view<float const, 1>, std::vector<float>>);
static_assert(std::is_constructible_v<view<float, 1>, std::span<float>>);
static_assert(!std::is_constructible_v<view<float, 1>, std::span<float const>>);

TEST(View, Rank1FromPointerSpanAndVector) {
  std::vector<double> numbers{2, 3, 5, 7};
  view<double> const all(numbers);
  EXPECT_EQ(all.size(), 4);
  EXPECT_EQ(all.data(), numbers.data());
  EXPECT_EQ(all[2], 5);
  EXPECT_EQ(all(3), 7);
  EXPECT_EQ(std::accumulate(all.begin(), all.end(), 0.0), 17);  // 2 + 3 + 5 + 7

  all[0] = 11;  // a constant view of what is not constant
  EXPECT_EQ(numbers[0], 11);

  view const from_span = std::span(numbers).subspan(1, 2);  // [3, 5]
  static_assert(std::is_same_v<decltype(from_span), view<double, 1> const>);
  EXPECT_EQ(from_span.size(), 2);
  EXPECT_EQ(from_span[0], 3);

  view<double const> const part = all.subview(2, 2);  // [5, 7]
  EXPECT_EQ(part.size(), 2);
  EXPECT_EQ(part[1], 7);
  EXPECT_FALSE(part.empty());
  EXPECT_TRUE(view<double>().empty());
}

TEST(View, Rank2WithAStrideThatExceedsTheColumns) {
  std::array<int, 12> memory;  // [3, 4] of which the left [3, 3] is viewed
  std::iota(memory.begin(), memory.end(), 0);
  view const left(memory.data(), 3, 3, 4);
  static_assert(std::is_same_v<decltype(left), view<int, 2> const>);

  EXPECT_EQ(left.size(), 9);
  EXPECT_FALSE(left.is_contiguous());
  EXPECT_EQ(left(0, 2), 2);
  EXPECT_EQ(left(1, 0), 4);
  EXPECT_EQ(left(2, 1), 9);  // 2 * 4 + 1
  EXPECT_EQ(left.row(2).size(), 3);
  EXPECT_EQ(left.row(2).data(), memory.data() + 8);

  view<int const, 2> const lower = left.subview(1, 2);
  EXPECT_EQ(lower.rows(), 2);
  EXPECT_EQ(lower.columns(), 3);
  EXPECT_EQ(lower.row_stride(), 4);
  EXPECT_EQ(lower(0, 0), 4);
  EXPECT_EQ(&lower(1, 2), &memory[10]);

  left.row(1)[2] = -1;
  EXPECT_EQ(memory[6], -1);
}

TEST(View, Rank2WithoutAStrideIsContiguous) {
  std::array<int, 6> memory{};
  view<int, 2> const whole(memory.data(), 2, 3);
  EXPECT_EQ(whole.row_stride(), 3);
  EXPECT_TRUE(whole.is_contiguous());
  EXPECT_TRUE((view<int, 2>(memory.data(), 1, 2, 6)).is_contiguous()) << "one row has no gap behind it";
  EXPECT_TRUE((view<int, 2>()).empty());
}

TEST(View, WorksInConstantExpressions) {
  static constexpr int memory[] = {1, 2, 3, 4, 5, 6};
  static_assert(view<int const, 2>(memory, 2, 3).row(1)[0] == 4);
}

}  // namespace
}  // namespace poft
