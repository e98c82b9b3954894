// The one way in which tensor operations refuse shapes that do not fit together.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
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

}  // namespace poft::primitive
