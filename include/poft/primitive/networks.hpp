// Several networks of one shape in one call: each treats its own rows with its own parameters.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "poft/core/config.hpp"
#include "poft/core/error.hpp"
#include "poft/primitive/gemm.hpp"

namespace poft {

/// The parameters of the next network, or their gradients, lie `stride` elements after those that a primitive is given, and
/// its rows follow this one's, equally many of each. By default there is one network.
struct networks {
  std::int64_t count = 1, stride = 0;

  /// Of `rows` in all. Throws where these cannot be shared out.
  std::int64_t rows_of_each(char const* operation, std::int64_t rows) const {
    if (count >= 1 && rows % count == 0) return rows / count;
    throw shape_error(
        message(operation, ": ", rows, " rows for ", count, " networks, expected equally many of each"));
  }
};

namespace primitive {

/// From the first network's parameters to those that treat a row.
struct shift_of_row {
  std::int64_t rows = 1, stride = 0;

  shift_of_row(char const* operation, networks const& all, std::int64_t rows_of_all)
      : rows(all.rows_of_each(operation, rows_of_all)), stride(all.count == 1 ? 0 : all.stride) {}

  POFT_FN std::int64_t operator()(std::int64_t r) const { return stride == 0 ? 0 : r / rows * stride; }
};

}  // namespace primitive
}  // namespace poft
