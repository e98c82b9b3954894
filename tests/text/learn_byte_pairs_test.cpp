// Which pairs become tokens, and that encoding merges as learning did.
// SPDX-License-Identifier: MIT
#include "poft/text/learn_byte_pairs.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "poft/text/byte_pair_encoding_io.hpp"
#include "support/expect_error.hpp"

namespace poft {
namespace {

using merges = std::vector<std::pair<std::string, std::string>>;

byte_pair_vocabulary learned(std::vector<std::string> const& texts, int count) {
  return learn_byte_pairs(texts, count, byte_tokenizer({"<|end|>"}));
}

TEST(LearnBytePairs, TheMostFrequentPairFirst) {
  // ab five times in three words, then (ab)(ab) twice; x(ab) once.
  auto const vocabulary = learned({"abab", "abab xab"}, 10);
  EXPECT_EQ(vocabulary.merges, (merges{{"a", "b"}, {"ab", "ab"}}));
  byte_pair_encoding const tokens(vocabulary);
  std::vector<std::int32_t> ids;
  tokens.encode("ababxabb", ids);
  EXPECT_EQ(ids, (std::vector<std::int32_t>{258, 'x', 257, 'b'}));
  EXPECT_EQ(tokens.special("<|end|>"), 256);
  EXPECT_EQ(tokens.vocab(), 259);
}

TEST(LearnBytePairs, EquallyFrequentPairsBySmallerIds) {
  EXPECT_EQ(learned({"dc", "dc", "ba", "ba"}, 1).merges, (merges{{"b", "a"}}));
}

TEST(LearnBytePairs, NothingAcrossWordsNorOnce) {
  EXPECT_EQ(learned({"a b c d", "xy"}, 5).merges.size(), 0u);
  EXPECT_EQ(learned({"a b a b"}, 5).merges, (merges{{" ", "b"}})) << "never the a and the space behind it";
  EXPECT_EQ(learned({}, 5).tokens.size(), 256u);
  EXPECT_EQ(learned({"abab"}, 0).merges.size(), 0u);
}

// abc is made of ab and c in one word, of a and bc in others: one token by two merges.
TEST(LearnBytePairs, TwoWaysToTheSameToken) {
  std::vector<std::string> texts;
  for (int k = 0; k < 9; ++k) texts.push_back("bc");
  for (int k = 0; k < 5; ++k) texts.push_back("aabc");
  for (int k = 0; k < 3; ++k) texts.push_back("aaaabc");
  auto const vocabulary = learned(texts, 8);
  byte_pair_encoding const tokens(vocabulary);  // throws where a token stands twice
  std::vector<std::int32_t> ids;
  tokens.encode("aabc", ids);
  EXPECT_EQ(ids.size(), 1u);
}

TEST(LearnBytePairs, EncodingMergesAsLearningDid) {
  std::vector<std::string> const texts{"the theme of these things", "another thesis, then that theory",
                                       "sixty-six thick thistle sticks"};
  for (int const count : {1, 3, 6}) {
    auto const vocabulary = learned(texts, count);
    ASSERT_EQ(vocabulary.merges.size(), static_cast<std::size_t>(count));
    byte_pair_encoding const tokens(vocabulary);
    std::vector<std::int32_t> ids;
    for (auto const& text : texts) tokens.encode(text, ids);
    std::string all;
    for (auto const& text : texts) all += text;
    EXPECT_EQ(tokens.decode(ids), all);
    // The last pair that was learned is nowhere left.
    auto const& [left, right] = vocabulary.merges.back();
    for (std::size_t k = 0; k + 1 < ids.size(); ++k) {
      EXPECT_FALSE(tokens.decode(std::vector{ids[k]}) == left &&
                   tokens.decode(std::vector{ids[k + 1]}) == right)
          << count << " merges, token " << k;
    }
  }
}

TEST(LearnBytePairs, WrittenAndReadAgain) {
  auto const vocabulary = learned({"banana bandana", "a band"}, 6);
  auto const again      = parse_byte_pair_encoding(byte_pair_vocabulary_text(vocabulary), "text");
  std::vector<std::int32_t> first, second;
  byte_pair_encoding(vocabulary).encode("a banana band", first);
  again.encode("a banana band", second);
  EXPECT_EQ(first, second);
}

TEST(LearnBytePairs, RefusesLessThanNothing) {
  support::expect_error<value_error>([] { learned({"a"}, -1); }, {"merges is -1, expected at least 0"});
}

}  // namespace
}  // namespace poft
