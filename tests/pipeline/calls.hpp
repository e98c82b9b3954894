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
#include "support/scratch_folder.hpp"
#include "tiny_model.hpp"

namespace calls {

namespace fs = std::filesystem;
using json   = nlohmann::json;

struct outcome {
  int code;
  std::string said, complained;
};

inline outcome call(std::vector<std::string> const& arguments) {
  std::vector<char const*> argv{"poft"};
  for (auto const& one : arguments) argv.push_back(one.c_str());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  int const code   = pipeline::program(static_cast<int>(argv.size()), argv.data());
  std::string said = testing::internal::GetCapturedStdout();
  return {code, std::move(said), testing::internal::GetCapturedStderr()};
}
inline outcome expect_done(std::vector<std::string> const& arguments) {
  outcome const result = call(arguments);
  EXPECT_EQ(result.code, 0) << result.complained;
  return result;
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
                           std::initializer_list<std::string> parts) {
  outcome const result = call(arguments);
  EXPECT_EQ(result.code, 2) << result.said;
  for (auto const& part : parts) {
    EXPECT_NE(result.complained.find(part), std::string::npos) << part << " is not in: " << result.complained;
  }
  EXPECT_EQ(std::count(result.complained.begin(), result.complained.end(), '\n'), 1) << result.complained;
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
