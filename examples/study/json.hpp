// JSON files, with their errors in our own words.
// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include "files.hpp"

namespace study {

using json = nlohmann::ordered_json;

inline json parse(fs::path const& file) {
  try {
    return json::parse(read_whole(file));
  } catch (json::exception const& problem) {
    throw poft::format_error(
        poft::message(file.string(), ": not the JSON that was expected: ", problem.what()));
  }
}

}  // namespace study
