// A CSV file with a header: columns of numbers by name, errors with line and column.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "poft/core/error.hpp"

namespace objectives {

class csv_table {
 public:
  explicit csv_table(std::string const& file) : file_(file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream)
      throw poft::io_error(poft::message("cannot open '", file, "', expected a readable CSV file"));
    std::ostringstream text;
    text << stream.rdbuf();
    std::string const all = std::move(text).str();
    std::string_view rest = all;
    if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);  // what Excel puts in front
    for (std::size_t line = 1; !rest.empty(); ++line) {
      std::size_t const end      = std::min(rest.find('\n'), rest.size());
      std::string_view const row = trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (row.empty()) continue;
      auto cells = split(row);
      if (names_.empty()) {
        set_names(std::move(cells));
        continue;
      }
      if (cells.size() != names_.size())
        throw poft::format_error(poft::message(file_, " line ", line, " has ", cells.size(),
                                               " fields, the header has ", names_.size()));
      rows_.push_back({line, std::move(cells)});
    }
    if (names_.empty()) throw poft::format_error(poft::message(file_, " is empty, expected a header line"));
    if (rows_.empty()) throw poft::format_error(poft::message(file_, " has a header but no rows"));
  }

  std::size_t size() const { return rows_.size(); }
  std::size_t line(std::size_t row) const { return rows_[row].line; }

  /// `needed_by` says in the error who asks.
  std::vector<std::string> texts(std::string const& name, std::string const& needed_by) const {
    std::size_t const column = place(name, needed_by);
    std::vector<std::string> out;
    for (auto const& row : rows_) out.push_back(row.cells[column]);
    return out;
  }
  /// -inf is a number, NaN is not.
  std::vector<double> numbers(std::string const& name, std::string const& needed_by) const {
    std::size_t const column = place(name, needed_by);
    std::vector<double> out;
    for (auto const& row : rows_) {
      std::string_view text = row.cells[column];
      if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
      double number         = 0;
      auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (bad != std::errc() || end != text.data() + text.size() || std::isnan(number))
        throw poft::format_error(poft::message(file_, " line ", row.line, ", column ", name, ": '",
                                               row.cells[column], "' is not a number"));
      out.push_back(number);
    }
    return out;
  }

 private:
  struct row {
    std::size_t line;
    std::vector<std::string> cells;
  };

  static std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r";
    std::size_t const first          = text.find_first_not_of(blank);
    return first == text.npos ? std::string_view()
                              : text.substr(first, text.find_last_not_of(blank) - first + 1);
  }
  static std::vector<std::string> split(std::string_view row) {
    std::vector<std::string> cells;
    for (;;) {
      std::size_t const end = row.find(',');
      cells.emplace_back(trimmed(row.substr(0, end)));
      if (end == row.npos) return cells;
      row.remove_prefix(end + 1);
    }
  }

  void set_names(std::vector<std::string> names) {
    names_ = std::move(names);
    for (auto const& name : names_)
      if (std::count(names_.begin(), names_.end(), name) > 1)
        throw poft::format_error(poft::message(file_, " has two columns '", name, "'"));
  }
  std::size_t place(std::string const& name, std::string const& needed_by) const {
    auto const found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) {
      std::string has;
      for (auto const& one : names_) has.append(has.empty() ? "" : ", ").append(one);
      throw poft::format_error(
          poft::message(file_, " has no column '", name, "', which ", needed_by, " needs; it has ", has));
    }
    return static_cast<std::size_t>(found - names_.begin());
  }

  std::string file_;
  std::vector<std::string> names_{};
  std::vector<row> rows_{};
};

}  // namespace objectives
