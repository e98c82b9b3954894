// The options of poft_study, and what each of them does.
// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "claims.hpp"
#include "report.hpp"
#include "results.hpp"
#include "runner.hpp"
#include "study/finish.hpp"
#include "study/options.hpp"
#include "study/parallel.hpp"
#include "tuning.hpp"

namespace text_study {
namespace {

using study::usable_threads;

struct options : study::study_options {
  std::string dictionaries = "build-study/dictionaries";
};

/// The study that a claim belongs to.
std::string study_of(study::claim const& one) { return one.id == "C" ? "controls" : "p" + one.id.substr(1); }

void finish(fs::path const& folder) {
  study::finish(folder, read_metrics(folder), write_summary, write_report);
}

void run_study(options const& o, scale const& of) {
  fs::path const folder = o.out, tuned = study::tuned_file(o, __FILE__);
  library const books(o.dictionaries);
  if (books.empty()) {
    std::printf(
        "No dictionaries in \"%s\": the data sets are tasks only. scripts/poft_study.sh installs them.\n",
        o.dictionaries.c_str());
  }
  std::vector<arm> arms = grid(o.full);
  std::erase_if(arms, [&](arm const& one) { return !o.includes_any(one.studies); });
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
  std::erase_if(stated, [&](study::claim const& one) { return !o.includes(study_of(one)); });
  study::write_claims(folder, claims_source, stated);  // before anything runs
  int const seeds = o.seeds > 0 ? o.seeds : of.seeds;
  if (o.includes("p1")) write_gradients(folder, check_gradients(seeds));
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
  study::add_options(
      app, o,
      {.out       = "poft_study_results",
       .studies   = "p1 ... p9, controls",
       .out_holds = "models, CSV, figures and report.html",
       .seeds     = "default 5, which verdicts need, full 10; tuning: 1 other",
       .full      = "more data, seeds, kept percentages, values of beta, and both targets throughout"});
  app.add_option("--dictionaries", o.dictionaries,
                 "folder with foldoc, jargon, gcide, devil as NAME.index and NAME.dict, uncompressed")
      ->capture_default_str();
  return study::run_program(app, "poft_study", argc, argv, [&] {
    study::check(app, o, {std::begin(study_names), std::end(study_names)});
    if (app.count("--dictionaries") > 0 && !fs::is_directory(o.dictionaries)) {
      throw poft::io_error(poft::message("dictionaries: \"", o.dictionaries, "\" is no folder"));
    }
    if (!o.verdicts.empty()) {
      finish(o.verdicts);
    } else {
      run_study(o, instead ? *instead : o.full ? full_scale() : quick_scale());
    }
  });
}

}  // namespace text_study
