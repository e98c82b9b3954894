// What counts as an array of scores.
// SPDX-License-Identifier: MIT
#include "poft/preference/scores.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <list>
#include <span>
#include <vector>

#include "preference/expect_error.hpp"

namespace {
using namespace poft::preference;

static_assert(score_range<std::vector<double>> && score_range<std::array<float, 3>> &&
              score_range<double[4]>);
static_assert(score_range<std::span<float>> && score_range<std::span<float const>>);
static_assert(!score_range<std::vector<int>> && !score_range<std::list<double>> && !score_range<double>);
static_assert(mask_range<std::vector<unsigned char>> && mask_range<std::span<bool const>> &&
              mask_range<std::vector<float>>);
static_assert(!mask_range<std::vector<bool>>);  // its bits are not contiguous elements

TEST(scores, checks_name_operation_array_and_place) {
  using poft::shape_error, poft::value_error;
  std::vector<double> const values{1, NAN}, impossible{-INFINITY};
  EXPECT_EQ(require::not_empty("test", "values", values).data(), values.data());  // a view, no copy
  EXPECT_EQ(require::log_probs("test", "values", impossible).size(), 1u);
  EXPECT_EQ(require::groups("test", 6, 3), 2u);
  expect_error<value_error>([&] { require::finite("test", "values", values); }, {"test: values[1] is nan"});
  expect_error<value_error>([&] { require::finite("test", "values", impossible); },
                            {"test: values[0] is -inf"});
  expect_error<value_error>([&] { require::log_probs("test", "values", values); },
                            {"test: values[1] is nan"});
  expect_error<shape_error>([&] { require::same_length("test", "a", 1, "b", 2); },
                            {"test: a has 1", "b has 2"});
  expect_error<value_error>([] { require::positive("test", "beta", 0); }, {"test: beta is 0, expected > 0"});
  expect_error<value_error>([] { require::not_negative("test", "epsilon", -1); },
                            {"test: epsilon is -1, expected >= 0"});
}

}  // namespace
