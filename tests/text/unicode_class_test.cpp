// Letters, numbers and white space: examples from the Unicode Character Database, and how many there are of each.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <map>

#include "poft/text/unicode_class.hpp"

namespace poft {
namespace {

TEST(UnicodeClass, Examples) {
  using enum unicode_class;
  for (char32_t const one :
       {U'A', U'z', U'ª', U'é', U'ʼ', U'א', U'漢', U'ｶ', U'𐐀', U'𝔘', U'ǅ', U'\U000323AF'}) {
    EXPECT_EQ(unicode_class_of(one), letter) << std::hex << static_cast<std::uint32_t>(one);
  }
  for (char32_t const one : {U'0', U'9', U'²', U'½', U'٣', U'Ⅻ', U'①', U'๑', U'𝟘', U'〇'}) {
    EXPECT_EQ(unicode_class_of(one), number) << std::hex << static_cast<std::uint32_t>(one);
  }
  for (char32_t const one :
       {U'\t', U'\r', U' ', U'\u0085', U'\u00a0', U'\u1680', U'\u2003', U'\u2028', U'\u3000'}) {
    EXPECT_EQ(unicode_class_of(one), space) << std::hex << static_cast<std::uint32_t>(one);
  }
  for (char32_t const one : {U'\0', U'_', U'\'', U'\u0301', U'\u200b', U'\u200d', U'\ufeff', U'\ufe0f', U'😀',
                             U'€', U'\ufffd', U'\U0010ffff'}) {
    EXPECT_EQ(unicode_class_of(one), other) << std::hex << static_cast<std::uint32_t>(one);
  }
}

// Counts of DerivedGeneralCategory.txt 15.0: Lu 1831, Ll 2233, Lt 31, Lm 397, Lo 131612; Nd 680, Nl 236, No 915;
// of PropList.txt: White_Space 25.
TEST(UnicodeClass, AsManyAsUnicodeHas) {
  std::map<unicode_class, int> counts;
  for (char32_t code = 0; code < 0x110000; ++code) ++counts[unicode_class_of(code)];
  EXPECT_EQ(counts[unicode_class::letter], 1831 + 2233 + 31 + 397 + 131612);
  EXPECT_EQ(counts[unicode_class::number], 680 + 236 + 915);
  EXPECT_EQ(counts[unicode_class::space], 25);
}

}  // namespace
}  // namespace poft
