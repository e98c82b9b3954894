// Characters of UTF-8 text, where bytes may be broken.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace poft {

/// One character, or one byte that begins none.
struct utf8_character {
  static constexpr char32_t broken = 0xffffffff;

  char32_t code;      // broken: the byte begins no character
  std::size_t bytes;  // 1 .. 4

  bool valid() const { return code != broken; }
};

/// The character at text[at], at < text.size(). Strict (Unicode, table 3-7): neither overlong forms nor surrogates, nothing above
/// U+10FFFF.
inline utf8_character utf8_at(std::string_view text, std::size_t at) {
  auto const byte     = [&](std::size_t k) { return static_cast<unsigned char>(text[at + k]); };
  unsigned const lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t const bytes = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (bytes == 0 || at + bytes > text.size()) return {utf8_character::broken, 1};
  unsigned const low  = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned const high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < low || byte(1) > high) return {utf8_character::broken, 1};
  char32_t code = lead & (0x7fu >> bytes);
  for (std::size_t k = 1; k < bytes; ++k) {
    if ((byte(k) & 0xc0) != 0x80) return {utf8_character::broken, 1};
    code = code << 6 | (byte(k) & 0x3f);
  }
  return {code, bytes};
}

/// Appends a character below U+10FFFF.
inline void append_utf8(std::string& text, char32_t code) {
  auto const put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  int const rest = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  put((0xffu << (7 - rest) & 0xffu) | code >> 6 * rest);
  for (int k = rest - 1; k >= 0; --k) put(0x80 | (code >> 6 * k & 0x3f));
}

}  // namespace poft
