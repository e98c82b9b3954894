// Byte-level byte-pair encoding, as GPT-2's and Llama-3's tokenizers have it: any bytes in, the same bytes back.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/text/tokenizer.hpp"
#include "poft/text/word_pattern.hpp"

namespace poft {

/// What a byte-pair encoding is made of. Tokens and merges are bytes, not the characters that stand for them in files.
struct byte_pair_vocabulary {
  struct token {
    std::string bytes;
    std::int32_t id;
  };
  struct added_token {
    std::string text;
    std::int32_t id;
    bool special;  // made by encode() never; others are found in texts before words are
  };

  std::vector<token> tokens;  // all 256 bytes among them
  /// By rank; left, right and both together are tokens.
  std::vector<std::pair<std::string, std::string>> merges;
  std::vector<added_token> added;  // may stand among the tokens with the same id
  word_pattern pattern = word_pattern::gpt2;
  bool ignore_merges   = false;  // a word that is a token becomes it, whatever its merges give (Llama-3)
};

/// Sennrich, Haddow and Birch, "Neural machine translation of rare words with subword units" (2016, arXiv:1508.07909), over
/// bytes: within a word the pair of the lowest rank is merged first, of equal ones the leftmost. Time n log n in the length.
class byte_pair_encoding : public tokenizer {
 public:
  static constexpr std::int32_t largest_vocab = 1 << 20;

  /// Throws value_error where ids clash or a byte, a merge's part or its result is no token, and where a merge makes a
  /// special token.
  explicit byte_pair_encoding(byte_pair_vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {
    for (auto const& [bytes, id] : vocabulary_.tokens) {
      if (!ids_.emplace(bytes, id).second) refuse("token ", id, " stands twice, expected each once");
      put(id, bytes, kind::text);
    }
    for (std::size_t k = 0; k < vocabulary_.added.size(); ++k) {
      auto const& one = vocabulary_.added[k];
      if (one.text.empty()) refuse("added token ", one.id, " is empty, expected a text");
      auto const token = ids_.find(one.text);
      if (token != ids_.end() && token->second != one.id) {
        refuse("added token ", one.id, " has id ", token->second, " among the tokens, expected the same");
      }
      if (token != ids_.end()) pieces_[at(one.id)].what = kind::absent;  // it is the same token
      put(one.id, one.text, one.special ? kind::special : kind::text);
      if (one.special && token != ids_.end()) ids_.erase(token);
      if (!one.special) plain_added_.push_back(k);
    }
    for (std::size_t k = 0; k < byte_ids_.size(); ++k) {
      byte_ids_[k] = id_of(std::string(1, static_cast<char>(k)), "byte ", k);
    }
    std::ranges::stable_sort(plain_added_, std::greater{},
                             [&](std::size_t k) { return vocabulary_.added[k].text.size(); });
    for (std::size_t k = 0; k < vocabulary_.merges.size(); ++k) {
      auto const& [left, right] = vocabulary_.merges[k];
      auto const pair           = key(id_of(left, "left of merge ", k), id_of(right, "right of merge ", k));
      merge const made{static_cast<std::int32_t>(k), id_of(left + right, "result of merge ", k)};
      if (!merges_.emplace(pair, made).second) refuse("merge ", k, " stands twice, expected each once");
    }
  }

  void encode(std::string_view text, std::vector<std::int32_t>& ids) const override {
    if (text.size() > at(std::numeric_limits<std::int32_t>::max())) {
      throw value_error(
          message("byte_pair_encoding: a text of ", text.size(), " bytes, expected less than 2^31"));
    }
    scratch work;
    std::size_t begin = 0;
    if (!plain_added_.empty()) {
      for (std::size_t k = 0; k < text.size();) {
        auto const here = [&](std::size_t one) {
          return text.substr(k).starts_with(vocabulary_.added[one].text);
        };
        auto const found = std::ranges::find_if(plain_added_, here);
        if (found == plain_added_.end()) {
          ++k;
          continue;
        }
        auto const& one = vocabulary_.added[*found];
        encode_words(text.substr(begin, k - begin), ids, work);
        ids.push_back(one.id);
        begin = k += one.text.size();
      }
    }
    encode_words(text.substr(begin), ids, work);
  }

  std::string decode(std::span<std::int32_t const> ids) const override {
    std::string text;
    for (std::size_t k = 0; k < ids.size(); ++k) {
      if (ids[k] < 0 || ids[k] >= vocab() || pieces_[at(ids[k])].what == kind::absent) {
        throw value_error(message("byte_pair_encoding: ids[", k, "] is ", ids[k],
                                  ", expected the id of a token, in 0 .. ", vocab() - 1));
      }
      if (pieces_[at(ids[k])].what == kind::text) text += pieces_[at(ids[k])].bytes;
    }
    return text;
  }

  /// One more than the largest id; some below it may be no token.
  std::int32_t vocab() const override { return static_cast<std::int32_t>(pieces_.size()); }
  std::optional<std::int32_t> special(std::string_view name) const override {
    for (auto const& one : vocabulary_.added) {
      if (one.special && one.text == name) return one.id;
    }
    return std::nullopt;
  }
  byte_pair_vocabulary const& vocabulary() const { return vocabulary_; }

 private:
  enum class kind : unsigned char { absent, text, special };
  struct piece {
    std::string bytes;
    kind what = kind::absent;
  };
  struct merge {
    std::int32_t rank, id;
  };

  // A word while it is merged: a list of symbols, and the merges that were possible when they were found.
  static constexpr std::int32_t none = -1;
  struct symbol {
    std::int32_t id, previous, next;
    std::int32_t with_next;  // what the merge of this one and the next is, or none
  };
  struct candidate {
    std::int32_t rank, place, id;
    bool operator>(candidate const& other) const {
      return std::tie(rank, place) > std::tie(other.rank, other.place);
    }
  };
  struct scratch {
    std::vector<symbol> symbols;
    std::priority_queue<candidate, std::vector<candidate>, std::greater<>> candidates;
  };

  void encode_words(std::string_view text, std::vector<std::int32_t>& ids, scratch& work) const {
    for (std::size_t begin = 0; begin < text.size();) {
      std::size_t const end = word_end(vocabulary_.pattern, text, begin);
      encode_word(text.substr(begin, end - begin), ids, work);
      begin = end;
    }
  }

  void encode_word(std::string_view word, std::vector<std::int32_t>& ids, scratch& work) const {
    if (vocabulary_.ignore_merges) {
      if (auto const token = ids_.find(word); token != ids_.end()) return ids.push_back(token->second);
    }
    auto& symbols     = work.symbols;
    auto& candidates  = work.candidates;
    auto const length = static_cast<std::int32_t>(word.size());
    symbols.clear();
    for (std::int32_t k = 0; k < length; ++k) {
      symbols.push_back(
          {byte_ids_[static_cast<unsigned char>(word[at(k)])], k - 1, k + 1 < length ? k + 1 : none, none});
    }
    auto const consider = [&](std::int32_t place) {
      symbol& left   = symbols[at(place)];
      left.with_next = none;
      if (left.next == none) return;
      auto const found = merges_.find(key(left.id, symbols[at(left.next)].id));
      if (found == merges_.end()) return;
      left.with_next = found->second.id;
      candidates.push({found->second.rank, place, found->second.id});
    };
    for (std::int32_t k = 0; k + 1 < length; ++k) consider(k);
    while (!candidates.empty()) {
      auto const [rank, place, id] = candidates.top();
      candidates.pop();
      symbol& left = symbols[at(place)];
      if (left.with_next != id) continue;  // one of the two has been merged elsewhere
      symbol& right   = symbols[at(left.next)];
      left.id         = id;
      left.next       = right.next;
      right.with_next = none;
      if (left.next != none) symbols[at(left.next)].previous = place;
      if (left.previous != none) consider(left.previous);
      consider(place);
    }
    for (std::int32_t k = 0; k != none; k = symbols[at(k)].next) ids.push_back(symbols[at(k)].id);
  }

  template <class... Parts>
  [[noreturn]] static void refuse(Parts const&... parts) {
    throw value_error(message("byte_pair_encoding: ", parts...));
  }
  static std::size_t at(std::int32_t index) { return static_cast<std::size_t>(index); }
  static std::uint64_t key(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
  }

  void put(std::int32_t id, std::string const& bytes, kind what) {
    if (id < 0 || id >= largest_vocab) refuse("id ", id, ", expected 0 .. ", largest_vocab - 1);
    if (at(id) >= pieces_.size()) pieces_.resize(at(id) + 1);
    if (pieces_[at(id)].what != kind::absent) refuse("id ", id, " is two tokens', expected one's");
    pieces_[at(id)] = {bytes, what};
  }
  std::int32_t id_of(std::string const& bytes, char const* what, std::size_t which) const {
    auto const found = ids_.find(bytes);
    if (found == ids_.end()) refuse(what, which, " is no token, expected an ordinary one");
    return found->second;
  }

  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  byte_pair_vocabulary vocabulary_;
  std::vector<piece> pieces_;  // by id
  std::unordered_map<std::string, std::int32_t, text_hash, std::equal_to<>>
      ids_;  // those that texts are made of
  std::array<std::int32_t, 256> byte_ids_{};
  std::unordered_map<std::uint64_t, merge> merges_;
  std::vector<std::size_t> plain_added_;  // in vocabulary_.added, the longest first
};

/// The same ids as the byte tokenizer's in the form that files have: 256 tokens, no merges.
inline byte_pair_vocabulary byte_pairs_of(byte_tokenizer const& bytes) {
  byte_pair_vocabulary out;
  for (std::int32_t id = 0; id < byte_tokenizer::bytes; ++id) {
    out.tokens.push_back({std::string(1, static_cast<char>(id)), id});
  }
  for (auto const& name : bytes.specials()) out.added.push_back({name, *bytes.special(name), true});
  return out;
}

}  // namespace poft
