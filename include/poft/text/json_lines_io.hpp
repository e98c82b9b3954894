// JSONL: one JSON object per line, read as a stream; what is wrong is said with file, line and column.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/text/line_reader.hpp"

namespace poft {

namespace detail {

/// Where the value of a field of a JSON object begins in its text, which is valid; 0 where the name is written otherwise.
inline std::size_t field_begin(std::string_view text, std::string_view name) {
  int depth           = 0;
  bool is_name        = false;  // the next string of depth 1
  auto const is_blank = [&](std::size_t at) { return text[at] == ' ' || text[at] == '\t'; };
  for (std::size_t at = 0; at < text.size(); ++at) {
    char const c = text[at];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth == 1 && (c == '{' || c == ',')) is_name = true;
    if (c != '"') continue;
    std::size_t const begin = at + 1;
    for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\';
    if (depth != 1 || !std::exchange(is_name, false) || at >= text.size()) continue;
    if (text.substr(begin, at - begin) != name) continue;
    at = std::min(text.find(':', at), text.size() - 1) + 1;
    while (at < text.size() && is_blank(at)) ++at;
    return at;
  }
  return 0;
}

}  // namespace detail

/// One line of a file and the object in it.
struct json_line {
  std::string file;
  std::uint64_t number = 0;  // of the line, from 1 on
  std::string text;
  nlohmann::json value;

  /// "data.jsonl: line 3", which json_fields may have as its place.
  std::string place() const { return message(file, ": line ", number); }
  /// The error of a field whose value is wrong, `where` within it or "".
  format_error unexpected(char const* name, std::string const& where, std::string_view expected) const {
    auto const found = value.find(name);
    bool const has   = found != value.end();
    std::string said = has ? found->dump(-1, ' ', true) : "absent";
    if (said.size() > 80) said = said.substr(0, 77) + "...";
    return format_error(message(place(), ", column ", detail::field_begin(text, name) + 1, ": ", name, where,
                                has && !where.empty() ? " in " : " is ", said, ", expected ", expected));
  }
};

/// Throws format_error where the line does not hold one JSON object.
inline json_line parse_json_line(std::string file, line_reader::line const& line) {
  json_line out{std::move(file), line.number, line.text, {}};
  auto const refuse = [&](std::size_t column, std::string const& what) {
    return format_error(message(out.place(), ", column ", column, ": ", what));
  };
  if (line.is_cut) {
    throw refuse(line_reader::longest_line, message("the line is longer than ", line_reader::longest_line,
                                                    " bytes, expected a JSON object"));
  }
  out.value = parse_json(line.text, refuse);
  if (!out.value.is_object()) throw refuse(1, "expected a JSON object, as {...}");
  return out;
}

/// The objects of a file. Blank lines are passed over; memory is that of the longest line.
class json_lines_reader {
 public:
  /// Told of every bad line, which is then passed over and counted; without one, the first bad line is thrown.
  using bad_line_handler = std::function<void(format_error const&)>;

  explicit json_lines_reader(line_reader lines, bad_line_handler handler = {})
      : lines_(std::move(lines)), handler_(std::move(handler)) {}
  explicit json_lines_reader(std::filesystem::path const& file, bad_line_handler handler = {},
                             line_position from = {})
      : json_lines_reader(line_reader(file, from), std::move(handler)) {}

  /// After the line that was read last.
  line_position position() const { return lines_.position(); }
  std::string const& file() const { return lines_.name(); }
  std::uint64_t bad_lines() const { return bad_lines_; }

  /// Calls read(json_line&&) with the next object; false at the end. A format_error from `read` makes the line a bad one.
  template <std::invocable<json_line&&> Read>
  bool next(Read const& read) {
    for (bool found = false; next_line([&](json_line&& line) { read(std::move(line)), found = true; });) {
      if (found) return true;
    }
    return false;
  }
  /// The same for the next line, whether it is good, bad or blank.
  template <std::invocable<json_line&&> Read>
  bool next_line(Read const& read) {
    if (!lines_.next(line_)) return false;
    if (line_.text.find_first_not_of(" \t") == std::string::npos) return true;
    try {
      read(parse_json_line(lines_.name(), line_));
    } catch (format_error const& problem) {
      ++bad_lines_;
      if (!handler_) throw;
      handler_(problem);
    }
    return true;
  }

 private:
  line_reader lines_;
  line_reader::line line_;
  bad_line_handler handler_;
  std::uint64_t bad_lines_ = 0;
};

}  // namespace poft
