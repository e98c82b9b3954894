// The options that every study has, and how its program ends.
// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <algorithm>
#include <cstdio>

#include "poft/core/error.hpp"

namespace study {

bool study_options::includes_any(std::vector<std::string> const& names) const {
  return study == "all" || std::find(names.begin(), names.end(), study) != names.end();
}

void add_options(CLI::App& app, study_options& o, study_words const& words) {
  o.out = words.out;
  app.add_option("--study", o.study, words.studies + ", or all");
  app.add_option("--seeds", o.seeds, "how many, from 1 on (" + words.seeds + ")");
  app.add_option("--threads", o.threads, "0: all cores; any number gives the same files")
      ->capture_default_str();
  app.add_option("--out", o.out, "folder for " + words.out_holds)->capture_default_str();
  app.add_flag("--quick", o.quick, "the quick grid (the default)");
  app.add_flag("--full", o.full, words.full);
  app.add_flag("--tune", o.tune, "make the tuned settings again, on seeds that are never reported");
  app.add_option("--tuned", o.tuned,
                 "file of tuned settings (default: tuned.json beside the program's source)");
  app.add_option("--verdicts", o.verdicts,
                 "make verdicts and report of this folder again, from its claims.json and CSV files alone");
}

void require_one_of(std::string const& name, std::string const& given,
                    std::vector<std::string> const& known) {
  if (std::find(known.begin(), known.end(), given) != known.end()) return;
  std::string list;
  for (std::string const& one : known) list += " " + one;
  throw poft::value_error(poft::message(name, ": \"", given, "\", expected one of", list));
}

void check(CLI::App const& app, study_options const& o, std::vector<std::string> const& studies) {
  std::vector<std::string> known = studies;
  known.insert(known.begin(), "all");
  require_one_of("study", o.study, known);
  if (o.seeds < 1 && app.count("--seeds") > 0)
    throw poft::value_error(poft::message("seeds: ", o.seeds, ", expected at least 1"));
  if (o.threads < 0) throw poft::value_error(poft::message("threads: ", o.threads, ", expected at least 0"));
  if (o.quick && o.full) throw poft::value_error("quick, full: both given, expected one of them");
}

fs::path tuned_file(study_options const& o, fs::path const& source) {
  if (!o.tuned.empty()) return o.tuned;
  fs::path const folder = source.parent_path(), beside = folder / "tuned.json";
  return fs::exists(beside) ? beside : fs::path("examples") / folder.filename() / "tuned.json";
}

int run_program(CLI::App& app, std::string const& name, int argc, char const* const* argv,
                std::function<void()> const& run) {
  try {
    app.parse(argc, argv);
    run();
    return 0;
  } catch (CLI::ParseError const& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  } catch (poft::error const& problem) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), problem.what());
    return 2;
  }
}

}  // namespace study
