// A row as a distribution: huge logits, masked items, every length.
// SPDX-License-Identifier: MIT
#include "poft/row/log_softmax.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "row/functional_rows.hpp"

namespace {
using namespace poft;

TEST(log_softmax, worked_example) {
  // exp z = 1, 3, 4
  std::vector<double> const z{0, std::log(3.0), std::log(4.0)};
  for_each_group<double>([&](auto group) {
    auto const pi = softmax_of(group, row<double const>{z.data()}, 3);
    EXPECT_NEAR(pi.at(0).prob, 1.0 / 8, 1e-16);
    EXPECT_NEAR(pi.at(1).log_prob, std::log(3.0 / 8), 1e-15);
  });
}

TEST(log_softmax, large_logits_leave_no_rounding_error) {
  std::vector<double> const z(4, 1e15);  // log-sum-exp would be rounded to 0.125
  for_each_group<double>([&](auto group) {
    EXPECT_EQ(softmax_of(group, row<double const>{z.data()}, 4).at(2).log_prob, -std::log(4.0));
  });
}

TEST(log_softmax, masked_items_have_probability_zero) {
  std::vector<float> const z{-INFINITY, 2, -INFINITY, 2};
  for_each_group<float>([&](auto group) {
    auto const pi = softmax_of(group, row<float const>{z.data()}, 4);
    EXPECT_EQ(pi.at(0).prob, 0.0f);
    EXPECT_EQ(pi.at(0).log_prob, -INFINITY);
    EXPECT_EQ(pi.at(3).prob, 0.5f);
  });
}

TEST(log_softmax, pieces_with_rising_and_masked_maxima_are_one_sum) {
  // 3 pieces of lane_group: masked throughout, then small, then large
  std::size_t const piece = eigen::lane_group<double>::piece;
  std::vector<double> z(2 * piece + 7, -INFINITY);
  for (std::size_t i = piece; i < z.size(); ++i)
    z[i] = 0.001 * static_cast<double>(i % 1000) + (i < 2 * piece ? 0 : 3);
  auto const want =
      softmax_of(one_by_one_group<double>{}, row<double const>{z.data()}, std::int64_t(z.size()));
  auto const got =
      softmax_of(eigen::lane_group<double>{}, row<double const>{z.data()}, std::int64_t(z.size()));
  EXPECT_EQ(got.peak, want.peak);
  EXPECT_NEAR(got.log_sum, want.log_sum, 1e-13);
}
}  // namespace
