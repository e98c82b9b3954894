// The running mean: any split, merging, saving and restoring by value.
// SPDX-License-Identifier: MIT
#include "poft/preference/running_mean.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "preference/expect_error.hpp"

namespace {
using namespace poft::preference;
using doubles = std::vector<double>;

TEST(running_mean, grows_by_batches) {
  running_mean state;
  state.add(doubles{1, 2});
  EXPECT_EQ(state.mean, 1.5);
  state.add(std::vector<float>{6});  // (1 + 2 + 6)/3
  EXPECT_EQ(state.mean, 3);
  EXPECT_EQ(state.count, 3);
}

TEST(running_mean, any_split_gives_the_same) {
  doubles const values{0.3, -1.75, 2.5, 100.125, -3, 0.01};
  auto const whole = running_mean::of(values);
  for (std::size_t cut = 1; cut < values.size(); ++cut) {
    running_mean left, right;
    left.add(doubles(values.begin(), values.begin() + long(cut)));
    right.add(doubles(values.begin() + long(cut), values.end()));
    left.merge(right);
    EXPECT_EQ(left.count, whole.count);
    EXPECT_NEAR(left.mean, whole.mean, 1e-14);
  }
}

TEST(running_mean, a_copy_goes_on_where_it_was_saved) {
  running_mean state;
  state.add(doubles{1, 2, 3});
  running_mean restored{state.count, state.mean};
  state.add(doubles{10});
  restored.add(doubles{10});
  EXPECT_EQ(restored.mean, state.mean);
  restored.merge({});
  EXPECT_EQ(restored.mean, state.mean);
}

TEST(running_mean, equal_values_stay_exact) { EXPECT_EQ(running_mean::of(doubles(7, 0.1)).mean, 0.1); }

TEST(running_mean, bad_input_is_named_and_changes_nothing) {
  running_mean state{2, 5};
  expect_error<poft::value_error>([&] { state.add(doubles{1, NAN}); }, {"values[1] is nan"});
  expect_error<poft::shape_error>([&] { state.add(doubles{}); }, {"values is empty"});
  EXPECT_EQ(state.count, 2);
  EXPECT_EQ(state.mean, 5);
}

}  // namespace
