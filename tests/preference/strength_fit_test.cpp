// The Cholesky factor behind the fits, and the sums of their derivatives.
// SPDX-License-Identifier: MIT
#include "poft/preference/strength_fit.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {
using namespace poft::preference;

TEST(strength_fit, cholesky_solves) {
  // [4 2; 2 10] = L L^T with L = [2 0; 1 3]; times (1, -1) it is (2, -8). Its inverse is [10 -2; -2 4] / 36.
  cholesky const factor({4, 0, 2, 10}, 2);
  ASSERT_TRUE(factor.positive_definite());
  auto const x = factor.solve({2, -8});
  EXPECT_DOUBLE_EQ(x[0], 1);
  EXPECT_DOUBLE_EQ(x[1], -1);
  EXPECT_DOUBLE_EQ(factor.inverse_diagonal(0), 10.0 / 36);
  EXPECT_DOUBLE_EQ(factor.inverse_diagonal(1), 4.0 / 36);
}

TEST(strength_fit, cholesky_knows_a_singular_matrix) {
  EXPECT_FALSE(cholesky({1, 0, 1, 1}, 2).positive_definite());
  EXPECT_FALSE(cholesky({1, 0, 2, 1}, 2).positive_definite());
}

TEST(strength_fit, derivatives_are_antisymmetric_and_laplacian) {
  strength_derivatives d(3);
  d.push(0, 2, 0.5);
  d.couple(0, 2, 0.25);
  d.couple(2, 1, 1);
  EXPECT_EQ(d.gradient, (std::vector<double>{0.5, 0, -0.5}));
  // lower triangle of [0.25 0 -0.25; 0 1 -1; -0.25 -1 1.25]
  EXPECT_EQ(d.information, (std::vector<double>{0.25, 0, 0, 0, 1, 0, -0.25, -1, 1.25}));
}

}  // namespace
