// Merging by rank, special and added tokens, and what no vocabulary may be.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "poft/text/byte_pair_encoding.hpp"
#include "support/expect_error.hpp"

namespace poft {
namespace {

using ids = std::vector<std::int32_t>;
using support::expect_error;

// Bytes, then what the merges make, from 256 on.
byte_pair_vocabulary merging(std::vector<std::pair<std::string, std::string>> merges) {
  byte_pair_vocabulary out = byte_pairs_of(byte_tokenizer(std::vector<std::string>{}));
  for (auto const& [left, right] : merges) {
    out.tokens.push_back({left + right, static_cast<std::int32_t>(out.tokens.size())});
  }
  out.merges = std::move(merges);
  return out;
}
ids encoded(byte_pair_encoding const& tokens, std::string_view text) {
  ids out;
  tokens.encode(text, out);
  return out;
}

TEST(BytePairEncoding, MergesTheLowestRankFirst) {
  byte_pair_encoding const tokens(merging({{"b", "c"}, {"a", "b"}, {"a", "bc"}}));
  EXPECT_EQ(encoded(tokens, "abc"), (ids{258})) << "b c, then a bc; never a b";
  EXPECT_EQ(encoded(tokens, "abd"), (ids{257, 'd'}));
  EXPECT_EQ(encoded(tokens, "bcbc"), (ids{256, 256}));
  EXPECT_EQ(encoded(tokens, ""), ids{});
}

TEST(BytePairEncoding, EqualRanksFromTheLeft) {
  byte_pair_encoding const tokens(merging({{"a", "a"}, {"aa", "aa"}}));
  EXPECT_EQ(encoded(tokens, "aaa"), (ids{256, 'a'}));
  EXPECT_EQ(encoded(tokens, "aaaaaaa"), (ids{257, 256, 'a'}));
}

TEST(BytePairEncoding, NothingMergesAcrossWords) {
  byte_pair_encoding const tokens(merging({{"a", " "}, {"a", "."}}));
  EXPECT_EQ(encoded(tokens, "a a."), (ids{'a', ' ', 'a', '.'}));
}

// The textbook's way, pair by pair over the whole word: what the queue must agree with.
ids merged_slowly(byte_pair_vocabulary const& vocabulary, std::string const& word) {
  std::vector<std::string> parts;
  for (char const c : word) parts.emplace_back(1, c);
  for (bool merged = true; std::exchange(merged, false);) {
    std::size_t best_rank = vocabulary.merges.size(), best = 0;
    for (std::size_t k = 0; k + 1 < parts.size(); ++k) {
      auto const pair = std::pair(parts[k], parts[k + 1]);
      auto const rank =
          static_cast<std::size_t>(std::ranges::find(vocabulary.merges, pair) - vocabulary.merges.begin());
      if (rank < best_rank) best_rank = rank, best = k, merged = true;
    }
    if (!merged) break;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  ids out;
  for (auto const& part : parts) {
    out.push_back(std::ranges::find(vocabulary.tokens, part, &byte_pair_vocabulary::token::bytes)->id);
  }
  return out;
}

TEST(BytePairEncoding, AgreesWithTheTextbook) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<std::pair<std::string, std::string>> merges;
    std::vector<std::string> parts{"a", "b", "c"};
    while (merges.size() < 12) {
      auto const pair         = std::pair(parts[random() % parts.size()], parts[random() % parts.size()]);
      std::string const whole = pair.first + pair.second;
      if (whole.size() > 6 || std::ranges::find(parts, whole) != parts.end()) continue;
      merges.push_back(pair);
      parts.push_back(whole);
    }
    auto const vocabulary = merging(merges);
    byte_pair_encoding const tokens(vocabulary);
    std::string word;
    for (std::size_t k = 1 + random() % 40; k > 0; --k) word.push_back(static_cast<char>('a' + random() % 3));
    EXPECT_EQ(encoded(tokens, word), merged_slowly(vocabulary, word)) << word;
  }
}

TEST(BytePairEncoding, LongWords) {
  byte_pair_encoding const tokens(merging({{"a", "a"}, {"aa", "aa"}, {"aaaa", "aaaa"}}));
  std::string const word(200'000, 'a');  // 4e10 steps if it took quadratic time
  EXPECT_EQ(encoded(tokens, word), ids(25'000, 258));
  EXPECT_EQ(tokens.decode(encoded(tokens, word)), word);
}

TEST(BytePairEncoding, AnyBytesComeBack) {
  byte_pair_encoding const tokens(merging({{"t", "h"}, {"\xc3", "\xa9"}}));
  std::string text;
  std::mt19937 random(3);
  for (int k = 0; k < 5000; ++k)
    text.push_back(static_cast<char>(random() % 5 ? random() : 't' + random() % 2));
  EXPECT_EQ(tokens.decode(encoded(tokens, text)), text);
}

TEST(BytePairEncoding, WholeWordsWhereMergesAreIgnored) {
  auto vocabulary = merging({{"a", "b"}});
  vocabulary.tokens.push_back({"xyz", 257});
  EXPECT_EQ(encoded(byte_pair_encoding(vocabulary), "xyz"), (ids{'x', 'y', 'z'}));
  vocabulary.ignore_merges = true;
  byte_pair_encoding const tokens(vocabulary);
  EXPECT_EQ(encoded(tokens, "xyz"), (ids{257}));
  EXPECT_EQ(encoded(tokens, "xyzz"), (ids{'x', 'y', 'z', 'z'})) << "it is no word";
  EXPECT_EQ(encoded(tokens, "ab"), (ids{256}));
}

TEST(BytePairEncoding, TextNeverBecomesASpecialToken) {
  auto vocabulary          = merging({});
  vocabulary.ignore_merges = true;
  vocabulary.added         = {{"<|end|>", 300, true}, {"end", 301, true}};
  vocabulary.tokens.push_back({"end", 301});
  byte_pair_encoding const tokens(vocabulary);
  EXPECT_EQ(encoded(tokens, "<|end|>"), (ids{'<', '|', 'e', 'n', 'd', '|', '>'}));
  EXPECT_EQ(encoded(tokens, "end"), (ids{'e', 'n', 'd'}));
  EXPECT_EQ(tokens.special("<|end|>"), 300);
  EXPECT_EQ(tokens.special("a"), std::nullopt);
  EXPECT_EQ(tokens.vocab(), 302);
  EXPECT_EQ(tokens.decode(ids{'a', 300, 'b'}), "ab");
  expect_error<value_error>([&] { tokens.decode(ids{'a', 299}); }, {"ids[1] is 299"});
  expect_error<value_error>([&] { tokens.decode(ids{302}); }, {"ids[0] is 302", "0 .. 301"});
  expect_error<value_error>([&] { tokens.decode(ids{-1}); }, {"ids[0] is -1"});
}

TEST(BytePairEncoding, AddedTokensThatAreNotSpecialAreText) {
  auto vocabulary  = merging({});
  vocabulary.added = {{"ab", 256, false}, {"abc", 257, false}};
  byte_pair_encoding const tokens(vocabulary);
  EXPECT_EQ(encoded(tokens, "xabcabd"), (ids{'x', 257, 256, 'd'})) << "the longest, from the left";
  EXPECT_EQ(tokens.decode(ids{'x', 257, 256}), "xabcab");
  EXPECT_EQ(tokens.special("ab"), std::nullopt);
}

TEST(BytePairEncoding, RefusesVocabulariesThatClash) {
  auto const expect_refused = [](byte_pair_vocabulary const& vocabulary,
                                 std::initializer_list<char const*> parts) {
    expect_error<value_error>([&] { byte_pair_encoding{vocabulary}; }, parts);
  };
  auto vocabulary = merging({});
  vocabulary.tokens.erase(vocabulary.tokens.begin() + 65);
  expect_refused(vocabulary, {"byte 65", "no token"});
  vocabulary = merging({});
  vocabulary.tokens.push_back({"ab", 65});
  expect_refused(vocabulary, {"id 65", "two tokens"});
  vocabulary = merging({});
  vocabulary.tokens.push_back({"A", 256});
  expect_refused(vocabulary, {"token 256 stands twice"});
  vocabulary = merging({});
  vocabulary.tokens.push_back({"ab", -1});
  expect_refused(vocabulary, {"id -1"});
  vocabulary = merging({});
  vocabulary.tokens.push_back({"ab", 1 << 20});
  expect_refused(vocabulary, {"id 1048576", "0 .. 1048575"});
  vocabulary = merging({});
  vocabulary.merges.push_back({"a", "b"});
  expect_refused(vocabulary, {"result of merge 0", "no token"});
  vocabulary.merges[0] = {"a", "bb"};
  expect_refused(vocabulary, {"right of merge 0"});
  vocabulary.merges[0] = {"aa", "b"};
  expect_refused(vocabulary, {"left of merge 0"});
  vocabulary = merging({{"a", "b"}});
  vocabulary.merges.push_back({"a", "b"});
  expect_refused(vocabulary, {"merge 1 stands twice"});
  vocabulary       = merging({{"a", "b"}});
  vocabulary.added = {{"ab", 256, true}};
  expect_refused(vocabulary, {"result of merge 0", "ordinary"});
  vocabulary       = merging({});
  vocabulary.added = {{"ab", 97, true}};
  expect_refused(vocabulary, {"id 97"});
  vocabulary.added = {{"a", 256, true}};
  expect_refused(vocabulary, {"added token 256", "97"});
  vocabulary.added = {{"a", 97, true}};
  expect_refused(vocabulary, {"byte 97", "ordinary"});
  vocabulary.added = {{"", 256, true}};
  expect_refused(vocabulary, {"added token 256 is empty"});
}

}  // namespace
}  // namespace poft
