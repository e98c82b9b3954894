// A tokenizer whose tokens are bytes and the pairs that were most frequent in a text: a small byte-pair encoding.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "poft/text/tokenizer.hpp"

namespace text_study {

/// Ids: 256 bytes, one for each merge, the special tokens. Merges are learned greedily (Gage 1994; for words Sennrich, Haddow
/// and Birch 2016, arXiv:1508.07909) and applied in the order in which they were learned.
class pair_merging_tokenizer : public poft::tokenizer {
 public:
  pair_merging_tokenizer(std::vector<std::string> const& texts, int merges,
                         std::vector<std::string> specials = {"<|end|>", "<|user|>", "<|assistant|>"})
      : specials_(std::move(specials)) {
    std::vector<ids> all;
    for (std::string const& text : texts) bytes_of(text, all.emplace_back());
    while (static_cast<int>(merges_.size()) < merges) {
      std::map<pair, int> found;
      for (ids const& one : all) {
        for (std::size_t k = 0; k + 1 < one.size(); ++k) ++found[{one[k], one[k + 1]}];
      }
      auto const best = std::max_element(found.begin(), found.end(),
                                         [](auto const& a, auto const& b) { return a.second < b.second; });
      if (best == found.end() || best->second < 2) break;
      merges_.push_back(best->first);
      for (ids& one : all) merge(one, merges_.size() - 1);
    }
  }

  void encode(std::string_view text, std::vector<std::int32_t>& to) const override {
    ids one;
    bytes_of(text, one);
    for (std::size_t k = 0; k < merges_.size(); ++k) merge(one, k);
    to.insert(to.end(), one.begin(), one.end());
  }
  std::string decode(std::span<std::int32_t const> from) const override {
    std::string text;
    for (std::size_t k = 0; k < from.size(); ++k) {
      if (from[k] < 0 || from[k] >= vocab()) {
        throw poft::value_error(poft::message("pair_merging_tokenizer: ids[", k, "] is ", from[k],
                                              ", expected 0 .. ", vocab() - 1));
      }
      append(from[k], text);
    }
    return text;
  }
  std::int32_t vocab() const override {
    return first_special() + static_cast<std::int32_t>(specials_.size());
  }
  std::optional<std::int32_t> special(std::string_view name) const override {
    auto const found = std::find(specials_.begin(), specials_.end(), name);
    if (found == specials_.end()) return std::nullopt;
    return first_special() + static_cast<std::int32_t>(found - specials_.begin());
  }

 private:
  using ids  = std::vector<std::int32_t>;
  using pair = std::pair<std::int32_t, std::int32_t>;

  std::int32_t first_special() const { return 256 + static_cast<std::int32_t>(merges_.size()); }
  static void bytes_of(std::string_view text, ids& to) {
    for (char const c : text) to.push_back(static_cast<unsigned char>(c));
  }
  void merge(ids& in, std::size_t number) const {
    std::size_t size = 0;
    for (std::size_t k = 0; k < in.size(); ++k) {
      bool const both = k + 1 < in.size() && pair{in[k], in[k + 1]} == merges_[number];
      in[size++]      = both ? 256 + static_cast<std::int32_t>(number) : in[k];
      k += both;
    }
    in.resize(size);
  }
  void append(std::int32_t id, std::string& to) const {
    if (id < 256) {
      to.push_back(static_cast<char>(id));
    } else if (id < first_special()) {
      auto const& [left, right] = merges_[static_cast<std::size_t>(id - 256)];
      append(left, to);
      append(right, to);
    }
  }

  std::vector<std::string> specials_;
  std::vector<pair> merges_;
};

}  // namespace text_study
