// The options that every study has, and how its program ends.
// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "files.hpp"

namespace study {

struct study_options {
  std::string study = "all", out, verdicts, tuned;
  int seeds = 0, threads = 0;  // 0: the default
  bool quick = false, full = false, tune = false;

  /// The names of those that are of a study and nothing else.
  static constexpr char const* own[] = {"--study", "--quick", "--full", "--tune", "--tuned", "--verdicts"};

  bool includes(std::string const& name) const { return study == "all" || study == name; }
  bool includes_any(std::vector<std::string> const& names) const;
};

/// How a study describes the options whose meaning is its own.
struct study_words {
  std::string out;                 ///< default of --out
  std::string studies, out_holds;  ///< "b1 ... b7"; "CSV, figures and report.html"
  std::string seeds, full;
};
void add_options(CLI::App& app, study_options& options, study_words const& words);

/// Throws value_error that names the option, what was given, and what was expected.
void check(CLI::App const& app, study_options const& options, std::vector<std::string> const& studies);
void require_one_of(std::string const& name, std::string const& given, std::vector<std::string> const& known);

/// The file as asked for, or `tuned.json` beside `source`, or in the same folder below the working folder.
fs::path tuned_file(study_options const& options, fs::path const& source);

/// Parses and runs: the program's exit code. Errors go to stderr behind the program's name, with code 2.
int run_program(CLI::App& app, std::string const& name, int argc, char const* const* argv,
                std::function<void()> const& run);

}  // namespace study
