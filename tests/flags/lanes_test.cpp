// Two units of one program, compiled with different -march: each runs its own lanes, and both are right.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>

#include "flags/lanes_of_this_unit.hpp"

TEST(flags, each_unit_runs_its_own_lanes) {
  lanes_report const native = report_native_lanes(), plain = report_plain_lanes();
#if defined(__x86_64__)
  EXPECT_EQ(plain.bytes, 16);
#endif
  EXPECT_GE(native.bytes, plain.bytes);
  if (native.bytes != plain.bytes) {
    EXPECT_NE(native.group, plain.group);
  }
  EXPECT_NEAR(native.loss, std::log(2.0), 1e-6);
  EXPECT_NEAR(plain.loss, std::log(2.0), 1e-6);
}
