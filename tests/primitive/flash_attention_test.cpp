// Attention by tiles is that by rows: on plain loops and on the threads of warps, for every type, head and border of a tile.
// SPDX-License-Identifier: MIT
#include "poft/primitive/flash_attention.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "backend/tiles.hpp"
#include "primitive/flash_attention_example.hpp"

namespace {

using poft::bfloat16;
using poft_test::flash_example;
using poft_test::plain_tiles;
using poft_test::tiles_on_unified_memory;

template <class T>
class flash_attention_of : public ::testing::Test {};
using stored_types = ::testing::Types<float, double, bfloat16>;
TYPED_TEST_SUITE(flash_attention_of, stored_types);

// Tiles have 8, 16 or 64 columns and up to 128 rows.
TYPED_TEST(flash_attention_of, every_length) {
  for (std::int64_t const length : {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 200}) {
    flash_example<TypeParam>({1, 1, 16}, {length}).expect_on(plain_tiles{});
  }
  flash_example<TypeParam>({2, 1, 8}, {70, 0, 1, 130, 3, 0}, 3).expect_on(plain_tiles{});
}

TYPED_TEST(flash_attention_of, every_head) {
  for (std::ptrdiff_t const channels : {1, 8, 16, 24, 64, 80, 128, 192}) {
    flash_example<TypeParam>({2, 1, channels}, {40, 5}).expect_on(plain_tiles{});
  }
  for (std::ptrdiff_t const group : {1, 2, 4, 8}) {
    flash_example<TypeParam>({8, 8 / group, 16}, {37, 66}, 1).expect_on(plain_tiles{});
  }
}

// The layout of registers, the loads, the exchanges, the meetings; and that the number of warps changes no bit.
TYPED_TEST(flash_attention_of, threads_of_warps) {
  flash_example<TypeParam> const narrow({2, 1, 22}, {37, 1, 70}), wide({1, 1, 80}, {35}, 1);
  narrow.expect_on(tiles_on_unified_memory{});
  wide.expect_on(tiles_on_unified_memory{});
  tiles_on_unified_memory one;
  one.most_warps = 1;
  EXPECT_TRUE(narrow.by_tiles(one).has_bits_of(narrow.by_tiles(tiles_on_unified_memory{})));
}

// Scores of +-8192: p is 0 or 1, nothing overflows. q = 8192 (1, -1, 1), k = (1, -1, 1), v = (2, 3, 4): tokens see the
// largest, ties are shared, so that y = (2, 3, 3). With d_y = 1: d_v = (1 + 1/2, 1, 1/2); d_s = p (d_p - y) is not 0 for token
// 2 alone, (-1/2, 0, 1/2), so that d_q = 0 and d_k = 8192 d_s.
TYPED_TEST(flash_attention_of, large_scores) {
  auto const stored = [](std::vector<float> const& numbers) {
    std::vector<TypeParam> out;
    for (float const x : numbers) out.push_back(static_cast<TypeParam>(x));
    return out;
  };
  flash_example<TypeParam> example({1, 1, 1}, {3});
  example.qkv = stored({8192, 1, 2, -8192, -1, 3, 8192, 1, 4});
  example.y = stored({2, 3, 3}), example.d_y = stored({1, 1, 1});
  std::vector<double> const y{2, 3, 3}, d_qkv{0, -4096, 1.5, 0, 0, 1, 0, 4096, 0.5};
  auto const check = [&](auto const& backend) {
    auto const got = example.by_tiles(backend);
    for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(static_cast<double>(got.y[k]), y[k]) << k;
    EXPECT_NEAR(static_cast<double>(got.log_normaliser[2]), 8192 + std::log(2.0), 1e-3);
    for (std::size_t k = 0; k < 9; ++k) {  // float has the log-normaliser up to 2^-11
      EXPECT_NEAR(static_cast<double>(got.d_qkv[k]), d_qkv[k], 0.005 * std::abs(d_qkv[k])) << k;
    }
  };
  check(plain_tiles{});
  check(tiles_on_unified_memory{});
}

TEST(flash_attention, heads_that_fit) {
  using tiles = poft::primitive::flash_attention<plain_tiles>;
  for (std::ptrdiff_t channels = 1; channels <= 256; ++channels) {
    EXPECT_TRUE(tiles::fits<float>({1, 1, channels}));
    EXPECT_TRUE(tiles::fits<bfloat16>({1, 1, channels}));
    EXPECT_EQ(tiles::fits<double>({1, 1, channels}), channels <= 192);
  }
  EXPECT_FALSE(tiles::fits<bfloat16>({1, 1, 4096}));
}

}  // namespace
