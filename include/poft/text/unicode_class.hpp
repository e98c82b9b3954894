// Which characters are letters, numbers and white space: what the patterns of byte-level tokenizers tell apart.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <iterator>

#include "poft/text/unicode_class_table.hpp"

namespace poft {

/// General categories L* and N*, and the property White_Space; the numbers are those of the table.
enum class unicode_class { other, letter, number, space };

inline unicode_class unicode_class_of(char32_t code) {
  using detail::unicode_class_starts;
  auto const after = std::upper_bound(std::begin(unicode_class_starts), std::end(unicode_class_starts), code,
                                      [](char32_t value, auto start) { return value < start >> 2; });
  return static_cast<unicode_class>(*std::prev(after) & 3);
}

}  // namespace poft
