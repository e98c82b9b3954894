// Matrices of bfloat16 for the tests of tensor operations.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "poft/core/bfloat16.hpp"
#include "primitive/tensor.hpp"

namespace poft_test {

using poft::bfloat16;

inline tensor<bfloat16> rounded_of(tensor<double> const& x) {
  tensor<bfloat16> out(x.rows, x.columns, bfloat16{});
  for (std::size_t k = 0; k < x.data.size(); ++k) out.data[k] = bfloat16(static_cast<float>(x.data[k]));
  return out;
}

/// Each result wrong by as many roundings of the largest one.
inline void expect_rounded(tensor<bfloat16> const& got, tensor<double> const& want, double roundings) {
  double largest = 0;
  for (double const one : want.data) largest = std::max(largest, std::abs(one));
  ASSERT_EQ(got.data.size(), want.data.size());
  for (std::size_t k = 0; k < want.data.size(); ++k) {
    ASSERT_NEAR(static_cast<double>(got.data[k]), want.data[k], roundings / 256 * largest) << k;
  }
}

}  // namespace poft_test
