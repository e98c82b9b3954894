// Statistics of a row: in parts, by several threads, with masked items and what is not a number.
// SPDX-License-Identifier: MIT
#include "poft/row/token_statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "poft/core/random.hpp"
#include "poft/row/one_by_one_group.hpp"
#include "primitive/tensor.hpp"

namespace poft {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr statistics_wanted all_of_them{.entropy = true, .sum_of_squares = true};

std::vector<double> some_row(std::int64_t size, std::uint64_t seed, double scale) {
  random_stream random(seed);
  std::vector<double> z(static_cast<std::size_t>(size));
  for (double& x : z) x = scale * random.normal<double>();
  return z;
}

struct read_the_row {
  row<double const> z;
  std::int64_t size;
  row_statistics<double>* out;

  template <class Group>
  void operator()(Group group, std::int64_t r) const {
    auto const found = read_row(group, z, size, all_of_them);
    group.once([&] { out[r] = found; });
  }
};

/// By a warp of a GPU, or by a block.
row_statistics<double> by_threads(std::vector<double> const& z, bool block) {
  poft_test::array_of<double> const there(z.begin(), z.end());
  poft_test::array_of<row_statistics<double>> out(1);
  auto const size = static_cast<std::int64_t>(z.size());
  poft_test::on_unified_memory{}.for_rows<double>(1, block ? 5000 : size,
                                                  read_the_row{{there.data()}, size, out.data()});
  return out[0];
}
row_statistics<double> one_by_one_of(std::vector<double> const& z) {
  return read_row(one_by_one_group<double>{}, row<double const>{z.data()},
                  static_cast<std::int64_t>(z.size()), all_of_them);
}

void expect_alike(row_statistics<double> const& got, row_statistics<double> const& want) {
  EXPECT_EQ(got.peak, want.peak);
  EXPECT_NEAR(got.log_sum, want.log_sum, 1e-13);
  EXPECT_NEAR(got.entropy, want.entropy, 1e-12);
  EXPECT_NEAR(got.log_sum_of_squares, want.log_sum_of_squares, 1e-12);
}

TEST(token_statistics, several_threads_find_what_one_finds) {
  for (std::int64_t const size : {1, 2, 3, 4, 5, 31, 257, 1000}) {
    for (double const scale : {0.1, 3.0, 1e5}) {
      auto z = some_row(size, static_cast<std::uint64_t>(size), scale);
      for (bool const block : {false, true}) expect_alike(by_threads(z, block), one_by_one_of(z));
      for (std::size_t v = 1; v < z.size(); v += 2) z[v] = -infinity;
      for (bool const block : {false, true}) expect_alike(by_threads(z, block), one_by_one_of(z));
    }
  }
}

TEST(token_statistics, uniform_row) {
  // n equal logits: log-normaliser log n above the peak, entropy log n, sum of squares 1 / n.
  std::vector<double> const z(48, 2.5);
  for (auto const& got : {by_threads(z, false), by_threads(z, true), one_by_one_of(z)}) {
    EXPECT_EQ(got.peak, 2.5);
    EXPECT_NEAR(got.log_sum, std::log(48), 1e-14);
    EXPECT_NEAR(got.entropy, std::log(48), 1e-14);
    EXPECT_NEAR(got.log_sum_of_squares, -std::log(48), 1e-14);
  }
}

TEST(token_statistics, not_a_number_reaches_the_result_from_any_place) {
  for (std::size_t const place : {0, 1, 4, 6}) {
    auto z   = some_row(7, 3, 1);
    z[place] = std::numeric_limits<double>::quiet_NaN();
    EXPECT_TRUE(std::isnan(by_threads(z, false).log_sum)) << place;
    EXPECT_TRUE(std::isnan(by_threads(z, true).log_sum)) << place;
    EXPECT_TRUE(std::isnan(one_by_one_of(z).log_sum)) << place;
  }
}

TEST(token_statistics, parts_merge_to_the_whole) {
  auto const z    = some_row(100, 5, 4);
  auto const want = one_by_one_of(z);
  auto const part = [&](std::size_t first, std::size_t last) {
    row_sums<double> sums;
    add_to_sums(one_by_one_group<double>{}, row<double const>{z.data() + first},
                static_cast<std::int64_t>(last - first), all_of_them, sums);
    return sums;
  };
  for (std::size_t const cut : {0u, 1u, 50u, 99u, 100u}) {
    expect_alike(merged(part(0, cut), part(cut, 100)).statistics(all_of_them), want);
    expect_alike(merged(part(cut, 100), part(0, cut)).statistics(all_of_them), want);
  }
}

}  // namespace
}  // namespace poft
