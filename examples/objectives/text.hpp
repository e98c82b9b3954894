// Numbers and lists of words as text.
// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <string>
#include <string_view>

namespace objectives {

/// The shortest text that reads back, 0.0003 rather than 3e-04.
inline std::string text_of(double number) {
  char digits[32];
  bool const readable = number == 0 || (number > 1e-5 && number < 1e6) || (number < -1e-5 && number > -1e6);
  auto const format   = readable ? std::chars_format::fixed : std::chars_format::scientific;
  return {digits, std::to_chars(digits, digits + sizeof digits, number, format).ptr};
}

template <class Words>
std::string joined(Words const& words, std::string_view between) {
  std::string text;
  for (auto const& word : words) text.append(text.empty() ? "" : between).append(word);
  return text;
}

}  // namespace objectives
