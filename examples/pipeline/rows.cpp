// The library's reader of JSONL, and where each row begins.
// SPDX-License-Identifier: MIT
#include "rows.hpp"

#include "poft/text/json_lines_io.hpp"

namespace pipeline {

void for_each_row(
    fs::path const& file,
    std::function<void(nlohmann::json const& row, std::string const& place, std::int64_t offset)> const& f) {
  poft::json_lines_reader reader(file);
  std::int64_t offset = 0;
  while (reader.next([&](poft::json_line const& line) { f(line.value, line.place(), offset); })) {
    offset = static_cast<std::int64_t>(reader.position().offset);
  }
}

}  // namespace pipeline
