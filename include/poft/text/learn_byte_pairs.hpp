// Learning a byte-pair vocabulary from texts, for models that are trained from nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "poft/text/byte_pair_encoding.hpp"

namespace poft {

/// `bytes` and its special tokens, and at most so many merges behind them: again and again the pair that occurs most often
/// within words becomes a token, of equally frequent ones that of the smaller ids; a pair that occurs once does not (Sennrich,
/// Haddow and Birch 2016, arXiv:1508.07909, algorithm 1). Every merge counts all different words again, which is meant for
/// thousands of merges, not for a hundred thousand.
inline byte_pair_vocabulary learn_byte_pairs(std::span<std::string const> texts, int merges,
                                             byte_tokenizer const& bytes = byte_tokenizer(),
                                             word_pattern pattern        = word_pattern::gpt2) {
  if (merges < 0) throw value_error(message("learn_byte_pairs: merges is ", merges, ", expected at least 0"));
  using pair = std::pair<std::int32_t, std::int32_t>;
  struct word {
    std::vector<std::int32_t> ids;
    std::int64_t times;
  };

  std::map<std::string_view, std::int64_t> times;
  for (std::string_view const text : texts) {
    for (std::size_t begin = 0; begin < text.size();) {
      std::size_t const end = word_end(pattern, text, begin);
      ++times[text.substr(begin, end - begin)];
      begin = end;
    }
  }
  std::vector<word> words;
  for (auto const& [text, count] : times) bytes.encode(text, words.emplace_back(word{{}, count}).ids);

  byte_pair_vocabulary out = byte_pairs_of(bytes);
  out.pattern              = pattern;
  std::map<std::int32_t, std::string> text_of;
  std::map<std::string, std::int32_t> id_of;
  auto const know = [&](byte_pair_vocabulary::token const& one) {
    text_of[one.id]  = one.bytes;
    id_of[one.bytes] = one.id;
  };
  for (auto const& one : out.tokens) know(one);
  auto next = bytes.vocab();
  while (static_cast<int>(out.merges.size()) < merges) {
    std::map<pair, std::int64_t> found;
    for (word const& one : words) {
      for (std::size_t k = 0; k + 1 < one.ids.size(); ++k) found[{one.ids[k], one.ids[k + 1]}] += one.times;
    }
    auto const best = std::max_element(found.begin(), found.end(),
                                       [](auto const& a, auto const& b) { return a.second < b.second; });
    if (best == found.end() || best->second < 2) break;
    auto const [left, right] = best->first;
    auto const both          = text_of.at(left) + text_of.at(right);
    if (!id_of.contains(both)) know(out.tokens.emplace_back(byte_pair_vocabulary::token{both, next++}));
    out.merges.emplace_back(text_of.at(left), text_of.at(right));
    for (auto& [ids, count] : words) {
      std::size_t size = 0;
      for (std::size_t k = 0; k < ids.size(); ++k) {
        bool const here = k + 1 < ids.size() && ids[k] == left && ids[k + 1] == right;
        ids[size++]     = here ? id_of.at(both) : ids[k];
        k += here;
      }
      ids.resize(size);
    }
  }
  return out;
}

}  // namespace poft
