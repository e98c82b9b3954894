// Rows of the JSONL files that this program writes itself.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace pipeline {

namespace fs = std::filesystem;

/// f(row, place for messages, where the row begins in the file).
void for_each_row(
    fs::path const& file,
    std::function<void(nlohmann::json const& row, std::string const& place, std::int64_t offset)> const& f);

/// What a model has made up may be no UTF-8: such bytes become U+FFFD.
inline std::string text_of(nlohmann::ordered_json const& row) {
  return row.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace pipeline
