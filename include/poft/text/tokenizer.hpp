// What turns text into token ids and back: the interface, and the tokenizer that needs no file.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "poft/core/error.hpp"

namespace poft {

/// Ids are 0 .. vocab() - 1. Text may hold any bytes; decode(encode(text)) == text unless the tokenizer normalises, and then
/// its documentation says so.
class tokenizer {
 public:
  virtual ~tokenizer() = default;

  /// Appends the ids of a text; names of special tokens in it are plain text.
  virtual void encode(std::string_view text, std::vector<std::int32_t>& ids) const = 0;
  /// Special tokens become nothing. Throws value_error for an id outside the vocabulary.
  virtual std::string decode(std::span<std::int32_t const> ids) const = 0;
  virtual std::int32_t vocab() const                                  = 0;
  /// A special token by its name, such as "<|endoftext|>"; nothing where there is none of that name.
  virtual std::optional<std::int32_t> special(std::string_view name) const = 0;
};

/// A token for every byte, then the special tokens.
class byte_tokenizer : public tokenizer {
 public:
  static constexpr std::int32_t bytes = 256;

  explicit byte_tokenizer(std::vector<std::string> specials = {"<|end|>", "<|user|>", "<|assistant|>",
                                                               "<|system|>"})
      : specials_(std::move(specials)) {}

  void encode(std::string_view text, std::vector<std::int32_t>& ids) const override {
    for (char const c : text) ids.push_back(static_cast<unsigned char>(c));
  }
  std::string decode(std::span<std::int32_t const> ids) const override {
    std::string text;
    for (std::size_t k = 0; k < ids.size(); ++k) {
      if (ids[k] < 0 || ids[k] >= vocab()) {
        throw value_error(
            message("byte_tokenizer: ids[", k, "] is ", ids[k], ", expected 0 .. ", vocab() - 1));
      }
      if (ids[k] < bytes) text.push_back(static_cast<char>(ids[k]));
    }
    return text;
  }
  std::vector<std::string> const& specials() const { return specials_; }
  std::int32_t vocab() const override { return bytes + static_cast<std::int32_t>(specials_.size()); }
  std::optional<std::int32_t> special(std::string_view name) const override {
    auto const found = std::find(specials_.begin(), specials_.end(), name);
    if (found == specials_.end()) return std::nullopt;
    return bytes + static_cast<std::int32_t>(found - specials_.begin());
  }

 private:
  std::vector<std::string> specials_;
};

}  // namespace poft
