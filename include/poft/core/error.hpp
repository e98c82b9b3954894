// The exceptions of the host interface, and the one way their messages are put together.
// A message names the operation first, then the offending value and its place, then what was expected.
// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>

namespace poft {

/// Base of everything this library throws.
struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Two extents that must agree do not.
struct shape_error : error {
  using error::error;
};
/// A number is outside the range that the formula needs.
struct value_error : error {
  using error::error;
};
/// A file or text does not have the expected form.
struct format_error : error {
  using error::error;
};
/// A file cannot be read or written.
struct io_error : error {
  using error::error;
};
/// An iteration has no finite solution or did not reach it.
struct convergence_error : error {
  using error::error;
};
/// A call to CUDA or one of its libraries failed, or there is no device.
struct cuda_error : error {
  using error::error;
};

namespace detail {
inline void append(std::string& out, std::string_view part) { out += part; }
template <class Number>
  requires std::integral<Number> || std::floating_point<Number>
void append(std::string& out, Number value) {
  if constexpr (std::same_as<Number, bool>) {
    out += value ? "true" : "false";
  } else {
    char digits[64];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);  // shortest text that reads back
  }
}
}  // namespace detail

/// Joins text and numbers: message("ipo: tau is ", tau, ", expected > 0").
template <class... Parts>
[[nodiscard]] std::string message(Parts const&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

}  // namespace poft
