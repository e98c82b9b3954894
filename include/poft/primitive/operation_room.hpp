// Memory that an operation uses while it works.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace poft::primitive {

/// Room for n elements, at .data(), of any content: what the backend keeps for such use, scratch<T>(n), which the next operation
/// gets again; where it keeps nothing, new memory. One for an operation, which hands none to those that it calls.
template <class T, class Backend>
auto operation_room(Backend const& backend, std::int64_t n) {
  if constexpr (requires { backend.template scratch<T>(n); }) {
    return backend.template scratch<T>(n);
  } else {
    return backend.template allocate<T>(n);
  }
}

}  // namespace poft::primitive
