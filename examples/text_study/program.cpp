// The options of poft_study, and what each of them does.
// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "../study/figures.hpp"
#include "../study/parallel.hpp"
#include "claims.hpp"
#include "report.hpp"
#include "results.hpp"
#include "runner.hpp"
#include "tuning.hpp"

namespace text_study {
namespace {

using study::usable_threads;

struct options {
  std::string study = "all", out = "poft_study_results", verdicts, tuned,
              dictionaries = "build-study/dictionaries";
  int seeds = 0, threads = 0;  // 0: the default
  bool quick = false, full = false, tune = false;
};

/// tuned.json beside this source, or where the checkout's root is the working folder.
fs::path default_tuned() {
  fs::path const beside = fs::path(__FILE__).parent_path() / "tuned.json";
  return fs::exists(beside) ? beside : fs::path("examples/text_study/tuned.json");
}

bool is_in(std::vector<std::string> const& studies, std::string const& wanted) {
  return wanted == "all" || std::find(studies.begin(), studies.end(), wanted) != studies.end();
}

/// The study that a claim belongs to.
std::string study_of(study::claim const& one) { return one.id == "C" ? "controls" : "p" + one.id.substr(1); }

void finish(fs::path const& folder) {
  auto const metrics = read_metrics(folder);
  write_summary(folder, metrics);
  auto const judged = study::judge_all(study::read_claims(folder), metrics);
  study::write_verdicts(folder, judged);
  if (!study::have_gnuplot()) std::printf("gnuplot was not found: no figures; the CSV files are complete.\n");
  write_report(folder, judged);
  study::print_verdicts(judged);
  std::printf("%s\n", (folder / "report.html").string().c_str());
}

void run_study(options const& o, scale const& of) {
  fs::path const folder = o.out, tuned = o.tuned.empty() ? default_tuned() : fs::path(o.tuned);
  library const books(o.dictionaries);
  if (books.empty()) {
    std::printf(
        "No dictionaries in \"%s\": the data sets are tasks only. scripts/poft_study.sh installs them.\n",
        o.dictionaries.c_str());
  }
  std::vector<arm> arms = grid(o.full);
  std::erase_if(arms, [&](arm const& one) { return !is_in(one.studies, o.study); });
  int const threads = usable_threads(o.threads);
  if (o.tune) {
    study::require_writable(folder);
    world const in(of, books, folder, threads);
    tune(arms, std::max(1, o.seeds), in, threads, folder, tuned);
    return;
  }
  if (!arms.empty()) apply_tuned(arms, study::read_tuned(tuned, tuned_schema), tuned);

  study::require_writable(folder);
  auto stated = claims(o.full);
  std::erase_if(stated, [&](study::claim const& one) { return !is_in({study_of(one)}, o.study); });
  study::write_claims(folder, claims_source, stated);  // before anything runs
  int const seeds = o.seeds > 0 ? o.seeds : of.seeds;
  if (is_in({"p1"}, o.study)) write_gradients(folder, check_gradients(seeds));
  if (!arms.empty()) {
    write_arms(folder, arms);
    world in(of, books, folder, threads);
    write_models(folder, in);
    study::journal finished(folder / "runs.journal");
    auto const made = run_all("runs", arms, {1, seeds}, in, threads, folder, finished);
    write_data(folder, made);
    study::write_runs(folder, made.runs);
    finish(folder);
    finished.remove();
  } else {
    finish(folder);
  }
}

}  // namespace

int program(int argc, char const* const* argv, scale const* instead) {
  options o;
  CLI::App app{
      "The experiments of arXiv:2412.12865 (claims P1-P9) on text, at compact scale.\n"
      "Without options: the whole study, quick, 5 seeds. A study that was killed goes on where it was when "
      "it is started "
      "again."};
  app.add_option("--study", o.study, "p1 ... p9, controls, or all");
  app.add_option("--seeds", o.seeds,
                 "how many, from 1 on (default 5, which verdicts need, full 10; tuning: 1 other)");
  app.add_option("--threads", o.threads, "0: all cores; a run takes one, and any number gives the same files")
      ->capture_default_str();
  app.add_option("--out", o.out, "folder for models, CSV, figures and report.html")->capture_default_str();
  app.add_flag("--quick", o.quick, "the quick grid and scale (the default)");
  app.add_flag("--full", o.full,
               "more data, seeds, kept percentages, values of beta, and both targets throughout");
  app.add_flag("--tune", o.tune, "make the tuned settings again, on seeds that are never reported");
  app.add_option("--tuned", o.tuned,
                 "file of tuned settings (default: tuned.json beside the program's source)");
  app.add_option("--dictionaries", o.dictionaries,
                 "folder with foldoc, jargon, gcide, devil as NAME.index and NAME.dict, uncompressed")
      ->capture_default_str();
  app.add_option("--verdicts", o.verdicts,
                 "make verdicts and report of this folder again, from its claims.json and CSV files alone");
  try {
    app.parse(argc, argv);
    std::string known = "all";
    bool found        = o.study == known;
    for (std::string const name : study_names) {
      known += " " + name;
      found = found || o.study == name;
    }
    if (!found) throw poft::value_error(poft::message("study: \"", o.study, "\", expected one of ", known));
    if (o.seeds < 1 && app.count("--seeds") > 0)
      throw poft::value_error(poft::message("seeds: ", o.seeds, ", expected at least 1"));
    if (o.threads < 0)
      throw poft::value_error(poft::message("threads: ", o.threads, ", expected at least 0"));
    if (o.quick && o.full) throw poft::value_error("quick, full: both given, expected one of them");
    if (app.count("--dictionaries") > 0 && !fs::is_directory(o.dictionaries)) {
      throw poft::io_error(poft::message("dictionaries: \"", o.dictionaries, "\" is no folder"));
    }
    if (!o.verdicts.empty()) {
      finish(o.verdicts);
    } else {
      run_study(o, instead ? *instead : o.full ? full_scale() : quick_scale());
    }
    return 0;
  } catch (CLI::ParseError const& problem) {
    int const code = app.exit(problem);
    return code == 0 ? 0 : 2;
  } catch (poft::error const& problem) {
    std::fprintf(stderr, "poft_study: %s\n", problem.what());
    return 2;
  }
}

}  // namespace text_study
