// BCO's shift: the mean of the rewards of both classes over all batches, the present one included.
// SPDX-License-Identifier: MIT
#include "poft/preference/running_shift.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {
using namespace poft::preference;

TEST(running_shift, is_the_mean_of_all_rewards_so_far) {
  running_shift delta;
  delta.add(std::vector{0.5, -0.5, 3.0});  // desirable and undesirable alike
  EXPECT_EQ(delta.mean, 1.0);
  delta.add(std::vector{-3.0});  // (3 - 3)/4
  EXPECT_EQ(delta.mean, 0.0);
}

TEST(running_shift, workers_merge_to_the_global_mean) {
  running_shift all, one, other;
  all.add(std::vector{1.0, 2.0, 6.0});
  one.add(std::vector{1.0});
  other.add(std::vector{2.0, 6.0});
  one.merge(other);
  EXPECT_DOUBLE_EQ(one.mean, all.mean);
}

}  // namespace
