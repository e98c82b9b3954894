// Two units of one program, compiled with different -march: each runs its own lanes and its own matrix product, and both
// are right.
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
    EXPECT_NE(native.backend, plain.backend);
  }
  EXPECT_NEAR(native.loss, std::log(2.0), 1e-6);
  EXPECT_NEAR(plain.loss, std::log(2.0), 1e-6);
}

TEST(flags, each_unit_multiplies_matrices_with_its_own_code) {
  lanes_report const native = report_native_lanes(), plain = report_plain_lanes();
  // 700 products of random numbers in [-1, 1]: partial sums up to about 30, each rounded by 2^-20 at most, in either direction.
  for (std::size_t i = 0; i < plain.product.size(); ++i) {
    EXPECT_GT(std::abs(plain.product[i]), 0) << i;
    EXPECT_NEAR(native.product[i], plain.product[i], 1e-4) << i;
  }
  // What is rounded once instead of twice differs somewhere in 1073 sums; one unit's code in both units would not.
  if (native.multiplies_and_adds_at_once != plain.multiplies_and_adds_at_once) {
    EXPECT_NE(native.product, plain.product);
  }
}
