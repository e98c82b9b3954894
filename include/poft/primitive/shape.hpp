// The one way in which tensor operations refuse shapes and ragged batches that do not fit together.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "poft/core/error.hpp"
#include "poft/core/view.hpp"

namespace poft::primitive {

template <class T>
void require_shape(char const* operation, char const* name, view<T, 2> given,
                   std::type_identity_t<std::ptrdiff_t> rows, std::type_identity_t<std::ptrdiff_t> columns) {
  if (given.rows() != rows || given.columns() != columns) {
    throw shape_error(message(operation, ": ", name, " is [", given.rows(), ", ", given.columns(),
                              "], expected [", rows, ", ", columns, "]"));
  }
}
template <class T>
void require_shape(char const* operation, char const* name, view<T> given,
                   std::type_identity_t<std::ptrdiff_t> size) {
  if (given.size() != size) {
    throw shape_error(message(operation, ": ", name, " has ", given.size(), " elements, expected ", size));
  }
}

/// Sequence s of a ragged batch has the rows offsets[s] .. offsets[s + 1] - 1 of `rows`; host memory.
inline void require_offsets(char const* operation, view<std::int64_t const> offsets, std::ptrdiff_t rows) {
  if (offsets.empty()) {
    throw shape_error(message(operation, ": offsets are empty, expected sequences + 1 numbers"));
  }
  if (offsets[0] != 0) {
    throw value_error(message(operation, ": offsets[0] is ", offsets[0], ", expected 0"));
  }
  for (std::ptrdiff_t s = 1; s < offsets.size(); ++s) {
    if (offsets[s] < offsets[s - 1]) {
      throw value_error(message(operation, ": offsets[", s, "] is ", offsets[s], " after ", offsets[s - 1],
                                "; offsets must ascend"));
    }
  }
  if (offsets[offsets.size() - 1] != rows) {
    throw shape_error(message(operation, ": the last offset is ", offsets[offsets.size() - 1], ", expected ",
                              rows, ", the number of rows"));
  }
}

}  // namespace poft::primitive
