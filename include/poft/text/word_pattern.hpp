// How byte-level tokenizers cut text into the words within which bytes are merged: GPT-2's and Llama-3's patterns.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "poft/text/unicode_class.hpp"
#include "poft/text/utf8.hpp"

namespace poft {

/// The regular expressions that the two kinds publish, \s being White_Space; a byte that is no UTF-8 is taken as a symbol.
enum class word_pattern { gpt2, llama3 };

inline constexpr std::string_view gpt2_word_expression =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view llama3_word_expression =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

namespace detail {

/// The alternatives of the two expressions that they share, over one text. A place is a byte.
struct word_scanner {
  std::string_view text;

  bool ends(std::size_t at) const { return at == text.size(); }
  bool is(std::size_t at, char c) const { return at < text.size() && text[at] == c; }
  bool is_line_break(std::size_t at) const { return is(at, '\r') || is(at, '\n'); }
  std::size_t next(std::size_t at) const { return at + utf8_at(text, at).bytes; }
  unicode_class kind(std::size_t at) const {
    auto const character = utf8_at(text, at);
    return character.valid() ? unicode_class_of(character.code) : unicode_class::other;
  }
  bool is(std::size_t at, unicode_class wanted) const { return !ends(at) && kind(at) == wanted; }
  /// Past the characters of one class, at most so many.
  std::size_t run(std::size_t at, unicode_class kind, std::size_t most = std::string_view::npos) const {
    for (; most > 0 && is(at, kind); --most) at = next(at);
    return at;
  }

  /// 's 't 're 've 'm 'll 'd at a quotation mark: past it, or the mark's place.
  std::size_t contraction(std::size_t at, bool any_case) const {
    std::size_t const letters = at + 1;
    // Without regard to case, the long s (U+017F) is an s, too.
    if (any_case && text.substr(letters, 2) == "\xc5\xbf") return letters + 2;
    for (std::string_view const one : {"s", "t", "re", "ve", "m", "ll", "d"}) {
      auto const same = [&](char a, char b) {
        return a == b || (any_case && (a ^ b) == 0x20 && (a | 0x20) == b);
      };
      auto const here = text.substr(letters, one.size());
      if (std::equal(here.begin(), here.end(), one.begin(), one.end(), same)) return letters + one.size();
    }
    return at;
  }

  /// \s+(?!\S)|\s+ for white space from `at` to `end`: all of it at the end of the text; otherwise its last character
  /// stays for the word that follows, unless it is the only one.
  std::size_t space(std::size_t at, std::size_t end) const {
    if (ends(end)) return end;
    std::size_t last = at;
    for (std::size_t k = at; k < end; k = next(k)) last = k;
    return last > at ? last : end;
  }
};

inline std::size_t gpt2_word_end(word_scanner const& in, std::size_t at) {
  if (in.is(at, '\'')) {
    if (std::size_t const end = in.contraction(at, false); end > at) return end;
  }
  std::size_t const word = in.is(at, ' ') ? at + 1 : at;
  if (!in.ends(word) && !in.is(word, unicode_class::space)) return in.run(word, in.kind(word));
  return in.space(at, in.run(at, unicode_class::space));
}

inline std::size_t llama3_word_end(word_scanner const& in, std::size_t at) {
  if (in.is(at, '\'')) {
    if (std::size_t const end = in.contraction(at, true); end > at) return end;
  }
  auto const kind = in.kind(at);
  if (kind == unicode_class::letter) return in.run(at, kind);
  if (kind == unicode_class::number) return in.run(at, kind, 3);
  if (!in.is_line_break(at) && in.is(in.next(at), unicode_class::letter)) {
    return in.run(in.next(at), unicode_class::letter);
  }
  std::size_t const symbols = in.is(at, ' ') ? at + 1 : at;
  if (in.is(symbols, unicode_class::other)) {
    std::size_t end = in.run(symbols, unicode_class::other);
    while (in.is_line_break(end)) ++end;
    return end;
  }
  // White space: up to its last line break, if it has one.
  std::size_t const end        = in.run(at, unicode_class::space);
  std::size_t const line_break = in.text.substr(at, end - at).find_last_of("\r\n");
  return line_break != std::string_view::npos ? at + line_break + 1 : in.space(at, end);
}

}  // namespace detail

/// The end of the word that begins at `at` < text.size(); the words of a text cover it.
inline std::size_t word_end(word_pattern pattern, std::string_view text, std::size_t at) {
  detail::word_scanner const in{text};
  return pattern == word_pattern::gpt2 ? detail::gpt2_word_end(in, at) : detail::llama3_word_end(in, at);
}

}  // namespace poft
