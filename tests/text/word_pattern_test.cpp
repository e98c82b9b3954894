// Texts cut into words by the two patterns, each cut explained by its regular expression.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "poft/text/word_pattern.hpp"

namespace poft {
namespace {

using words = std::vector<std::string>;

words cut(word_pattern pattern, std::string_view text) {
  words out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t const end = word_end(pattern, text, at);
    EXPECT_GT(end, at);
    out.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}
words gpt2(std::string_view text) { return cut(word_pattern::gpt2, text); }
words llama3(std::string_view text) { return cut(word_pattern::llama3, text); }

TEST(WordPattern, WordsTakeOneSpaceBefore) {
  EXPECT_EQ(gpt2("Hello, big world!"), (words{"Hello", ",", " big", " world", "!"}));
  EXPECT_EQ(llama3("Hello, big world!"), (words{"Hello", ",", " big", " world", "!"}));
}

TEST(WordPattern, Contractions) {
  EXPECT_EQ(gpt2("I'm it's we'll"), (words{"I", "'m", " it", "'s", " we", "'ll"}));
  EXPECT_EQ(gpt2("IT'S"), (words{"IT", "'", "S"})) << "GPT-2's are small";
  EXPECT_EQ(llama3("IT'S WE'Ll"), (words{"IT", "'S", " WE", "'Ll"}));
  EXPECT_EQ(llama3("IT'\u017f'\u017fx"), (words{"IT", "'\u017f", "'\u017f", "x"})) << "the long s folds to s";
  EXPECT_EQ(gpt2("'sx"), (words{"'s", "x"})) << "the contraction stands first";
  EXPECT_EQ(gpt2(" 's"), (words{" '", "s"})) << "with its space, the mark is a symbol";
  EXPECT_EQ(llama3(" 's"), (words{" '", "s"}));
  EXPECT_EQ(llama3("'xs"), (words{"'xs"})) << "any one symbol may open a word";
}

TEST(WordPattern, Numbers) {
  EXPECT_EQ(gpt2("x 12345"), (words{"x", " 12345"}));
  EXPECT_EQ(llama3("x 12345"), (words{"x", " ", "123", "45"})) << "three digits at most, without the space";
  EXPECT_EQ(llama3("٠١٢٣"), (words{"٠١٢", "٣"}));
}

TEST(WordPattern, Symbols) {
  EXPECT_EQ(gpt2("a... b"), (words{"a", "...", " b"}));
  EXPECT_EQ(llama3("a...b"), (words{"a", "...", "b"}));
  EXPECT_EQ(llama3("a.b"), (words{"a", ".b"}));
  EXPECT_EQ(llama3("\tab"), (words{"\tab"}));
  EXPECT_EQ(gpt2("\tab"), (words{"\t", "ab"}));
  EXPECT_EQ(llama3("x;\n\n  y"), (words{"x", ";\n\n", " ", " y"}))
      << "line breaks belong to the symbols before them";
  EXPECT_EQ(gpt2("x;\n\n  y"), (words{"x", ";", "\n\n ", " y"}));
  EXPECT_EQ(gpt2("e\u0301"), (words{"e", "\u0301"})) << "a combining mark is no letter";
  EXPECT_EQ(llama3("e\u0301x"), (words{"e", "\u0301x"}));
}

TEST(WordPattern, WhiteSpace) {
  EXPECT_EQ(gpt2("a   b"), (words{"a", "  ", " b"})) << "the last space stays for the word";
  EXPECT_EQ(gpt2("a   "), (words{"a", "   "}));
  EXPECT_EQ(gpt2("a\t\tb"), (words{"a", "\t", "\t", "b"}));
  EXPECT_EQ(gpt2("a \n"), (words{"a", " \n"}));
  EXPECT_EQ(llama3("a \n  \n  b"), (words{"a", " \n  \n", " ", " b"})) << "up to the last line break";
  EXPECT_EQ(llama3("a\n1"), (words{"a", "\n", "1"}));
  EXPECT_EQ(gpt2("a\u3000\u3000b"), (words{"a", "\u3000", "\u3000", "b"}));
  EXPECT_EQ(llama3("a\u3000\u3000b"), (words{"a", "\u3000", "\u3000b"}));
  EXPECT_EQ(gpt2("a\u0085 b\ufeff"), (words{"a", "\u0085", " b", "\ufeff"}))
      << "White_Space has U+0085, not U+FEFF";
}

TEST(WordPattern, BrokenBytesAreSymbols) {
  EXPECT_EQ(gpt2("a\xff\xfe b"), (words{"a", "\xff\xfe", " b"}));
  EXPECT_EQ(llama3("a\xc3"), (words{"a", "\xc3"}));
  EXPECT_EQ(gpt2(std::string("a\0b", 3)), (words{"a", std::string(1, '\0'), "b"}));
}

}  // namespace
}  // namespace poft
