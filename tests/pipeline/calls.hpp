// Calls of the pipeline program, and the small models and files that they work on.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/program.hpp"
#include "poft/core/whole_file.hpp"
#include "support/called_program.hpp"
#include "support/scratch_folder.hpp"
#include "tiny_model.hpp"

namespace calls {

namespace fs = std::filesystem;
using json   = nlohmann::json;

inline support::called_program const program("poft", pipeline::program);

inline support::outcome_of_program call(std::vector<std::string> const& arguments) {
  return program(arguments);
}
inline support::outcome_of_program expect_done(std::vector<std::string> const& arguments) {
  return program.expect_works(arguments);
}
/// The arguments, and options with their usual values where they are not among them.
inline std::vector<std::string> with_defaults(
    std::vector<std::string> arguments, std::vector<std::pair<std::string, std::string>> const& defaults) {
  for (auto const& [name, value] : defaults) {
    if (std::find(arguments.begin(), arguments.end(), name) != arguments.end()) continue;
    arguments.insert(arguments.end(), {name, value});
  }
  return arguments;
}
/// Exit code 2, and one sentence that holds all the parts.
inline void expect_refused(std::vector<std::string> const& arguments,
                           std::initializer_list<std::string_view> parts) {
  std::string const complained = program.expect_refused(arguments, parts).complained;
  EXPECT_EQ(std::count(complained.begin(), complained.end(), '\n'), 1) << complained;
}

inline void write_lines(fs::path const& file, std::vector<std::string> const& lines) {
  std::string text;
  for (auto const& line : lines) text += line + "\n";
  poft::write_whole(file, text);
}
inline std::vector<json> rows_of(fs::path const& file) {
  std::ifstream in(file);
  std::vector<json> rows;
  for (std::string line; std::getline(in, line);) rows.push_back(json::parse(line));
  return rows;
}

/// A folder with a model `m` and a file `data.jsonl` of three samples.
struct world : support::scratch_folder {
  explicit world(std::string const& name) : support::scratch_folder("pipeline_" + name) {
    tiny::save(path / "m", {});
    write_lines(path / "data.jsonl",
                {R"({"id":"a","prompt":"copy ab","response":"ab"})",
                 R"({"id":"b","prompt":"copy xyz","response":"xyz","task":"copy"})",
                 R"({"id":"c","prompt":"reverse hi","response":"ih","task":"reverse"})"});
  }
  std::string in(std::string const& name) const { return (path / name).string(); }
};

}  // namespace calls
