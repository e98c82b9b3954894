// Reading dictionaries, and cutting definitions to size.
// SPDX-License-Identifier: MIT
#include "dictionary.hpp"

#include <algorithm>

namespace text_study {
namespace {

/// A number in the index: base 64, the highest digit first.
std::optional<std::size_t> place_of(std::string_view digits) {
  constexpr std::string_view known = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::size_t number               = 0;
  for (char const c : digits) {
    std::size_t const digit = known.find(c);
    if (digit == known.npos || number > (std::size_t{1} << 40)) return {};
    number = number * 64 + digit;
  }
  return digits.empty() ? std::nullopt : std::optional(number);
}

bool is_plain(std::string_view word) {
  return word.size() >= 3 && word.size() <= 10 &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

/// Without the first line, where that is not all there is.
std::string_view behind_headword(std::string_view body) {
  std::size_t const line = body.find('\n');
  return line == body.npos || body.find_first_not_of(" \n\t\r", line) == body.npos ? body
                                                                                   : body.substr(line + 1);
}

/// Runs of white space as one blank, none at the ends.
std::string one_line(std::string_view text) {
  std::string out;
  for (char const c : text) {
    bool const blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank) out += c;
    if (blank && !out.empty() && out.back() != ' ') out += ' ';
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

std::vector<definition> read_dictionary(fs::path const& folder, std::string const& name) {
  constexpr std::size_t beginning = 400;  // bytes of a body that are kept
  fs::path const index_file       = folder / (name + ".index");
  std::string const index         = study::read_whole(index_file),
                    text          = study::read_whole(folder / (name + ".dict"));
  std::vector<definition> out;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < index.size();) {
    std::size_t const end = std::min(index.find('\n', begin), index.size());
    std::string_view const line(index.data() + begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.starts_with("00-database") || line.starts_with("00database")) continue;
    std::size_t const first = line.find('\t'), second = line.find('\t', first + 1);
    auto const refuse = [&](char const* what) {
      throw poft::format_error(poft::message(index_file.string(), ":", number, ": ", what));
    };
    if (first == line.npos || second == line.npos) refuse("expected word, place and length between tabs");
    std::size_t const third =
        std::min(line.find('\t', second + 1), line.size());  // the word as it is written
    auto const place  = place_of(line.substr(first + 1, second - first - 1)),
               length = place_of(line.substr(second + 1, third - second - 1));
    if (!place || !length) refuse("place or length is no number in base 64");
    if (*place + *length > text.size()) refuse("the definition lies behind the end of the .dict file");
    std::string_view const word = line.substr(0, first);
    if (!is_plain(word) || *length == 0) continue;
    out.push_back({std::string(word), text.substr(*place, std::min(*length, beginning))});
  }
  return out;
}

std::optional<std::string> curated(definition const& from, std::size_t longest) {
  std::string plain;
  char closes = 0;  // what ends the markup that is being left out
  for (char const c : behind_headword(from.body)) {
    if (closes != 0) {
      if (c == closes) closes = 0;
    } else if (c == '<' || c == '[' || c == '\\') {
      closes = c == '<' ? '>' : c == '[' ? ']' : '\\';
    } else if (c == '\n' || c == '\t' || (c >= ' ' && c <= '~' && c != '{' && c != '}')) {
      plain += c;
    }
  }
  std::string text = one_line(plain);
  for (char const end : {'.', ';', ':'}) text = text.substr(0, text.find(end));
  if (text.size() > longest) {
    std::size_t const cut = text.rfind(' ', longest);
    if (cut == text.npos) return {};
    text.resize(cut);
  }
  std::size_t const first = text.find_first_not_of(" ,-_*#\"'()0123456789");
  if (first == text.npos) return {};
  text = one_line(text.substr(first));
  return text.size() < 6 ? std::nullopt : std::optional(text);
}

std::string uncurated(definition const& from, std::size_t longest) {
  return one_line(behind_headword(from.body)).substr(0, longest);
}

}  // namespace text_study
