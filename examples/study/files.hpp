// Files of the study: folders that can be written, and tables of text and numbers as CSV.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/core/whole_file.hpp"

namespace study {

namespace fs = std::filesystem;
using poft::read_whole;
using poft::write_whole;

/// The folder, made where it is missing; throws where nothing can be written into it.
inline void require_writable(fs::path const& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  fs::path const probe = folder / ".writable";
  bool const writable  = !failed && std::ofstream(probe).put('\n').flush().good();
  fs::remove(probe, failed);
  if (!writable) {
    throw poft::io_error(
        poft::message("out: cannot write into \"", folder.string(), "\", expected a writable folder"));
  }
}

/// The shortest text with up to 7 digits, in no locale.
inline std::string number_text(double number) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, number, std::chars_format::general, 7).ptr};
}
inline double text_number(std::string_view text, std::string const& place) {
  double number             = 0;
  auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size()) {
    throw poft::format_error(poft::message(place, ": \"", text, "\", expected a number"));
  }
  return number;
}

/// Rows of text under a header; the texts hold no comma.
struct table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;

  std::size_t column(std::string_view name, std::string const& place) const {
    for (std::size_t k = 0; k < columns.size(); ++k) {
      if (columns[k] == name) return k;
    }
    throw poft::format_error(poft::message(place, ": no column \"", name, "\""));
  }

  std::string text() const {
    std::string out;
    auto const line = [&](std::vector<std::string> const& cells) {
      for (std::size_t k = 0; k < cells.size(); ++k) out += (k ? "," : "") + cells[k];
      out += '\n';
    };
    line(columns);
    for (auto const& row : rows) line(row);
    return out;
  }

  static table read(fs::path const& file) {
    std::string const text = read_whole(file);
    table out;
    std::size_t line = 0;
    for (std::size_t begin = 0; begin < text.size(); ++line) {
      std::size_t const end = std::min(text.find('\n', begin), text.size());
      std::vector<std::string> cells;
      for (std::size_t at = begin; at <= end;) {
        std::size_t const comma = std::min(text.find(',', at), end);
        cells.emplace_back(text, at, comma - at);
        at = comma + 1;
      }
      if (line == 0) {
        out.columns = std::move(cells);
      } else if (cells.size() != out.columns.size()) {
        throw poft::format_error(poft::message(file.string(), ":", line + 1, ": ", cells.size(),
                                               " cells, expected ", out.columns.size()));
      } else {
        out.rows.push_back(std::move(cells));
      }
      begin = end + 1;
    }
    return out;
  }
};

}  // namespace study
