// Characters of UTF-8, whole and broken: the well-formed sequences of Unicode's table 3-7 and their neighbours.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>

#include "poft/text/utf8.hpp"

namespace poft {
namespace {

TEST(Utf8, FirstAndLastOfEveryLength) {
  struct {
    char const* bytes;
    char32_t code;
  } const characters[] = {{"\x7f", 0x7f},
                          {"\xc2\x80", 0x80},
                          {"\xdf\xbf", 0x7ff},
                          {"\xe0\xa0\x80", 0x800},
                          {"\xed\x9f\xbf", 0xd7ff},
                          {"\xee\x80\x80", 0xe000},
                          {"\xef\xbf\xbf", 0xffff},
                          {"\xf0\x90\x80\x80", 0x10000},
                          {"\xf4\x8f\xbf\xbf", 0x10ffff}};
  for (auto const& [bytes, code] : characters) {
    auto const found = utf8_at(bytes, 0);
    EXPECT_EQ(found.code, code);
    EXPECT_EQ(found.bytes, std::string(bytes).size());
    std::string written;
    append_utf8(written, code);
    EXPECT_EQ(written, bytes);
  }
  EXPECT_EQ(utf8_at(std::string_view("a\0b", 3), 1).code, 0u);
}

TEST(Utf8, BrokenOnesAreOneByte) {
  for (char const* bytes : {"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                            "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3",
                            "\xc3(", "\xe2\x82", "\xe2\x82(", "\xf0\x9f\x98", "\xf0\x9f\x98("}) {
    EXPECT_FALSE(utf8_at(bytes, 0).valid()) << bytes;
    EXPECT_EQ(utf8_at(bytes, 0).bytes, 1u);
  }
}

}  // namespace
}  // namespace poft
