// The options of length_study, and what each of them does.
// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "claims.hpp"
#include "report.hpp"
#include "results.hpp"
#include "runner.hpp"
#include "study/configuration.hpp"
#include "study/finish.hpp"
#include "study/options.hpp"
#include "study/parallel.hpp"
#include "tuning.hpp"

namespace length_study {
namespace {

struct options : study::study_options {
  std::string corpus;
  std::optional<int> queries;
};

/// The study that a claim belongs to.
std::string study_of(study::claim const& one) {
  std::string out = one.id;
  out[0]          = static_cast<char>(std::tolower(out[0]));
  return out;
}

void finish(fs::path const& folder) {
  study::finish(folder, read_metrics(folder), write_summary, write_report);
}

void run_study(options const& o, scale const& of) {
  of.check();
  fs::path const folder = o.out, tuned = study::tuned_file(o, __FILE__);
  auto corpus           = o.corpus.empty() ? draw_corpus(of.corpus, shared_seed) : read_corpus(o.corpus);
  std::vector<arm> arms = grid(of, o.full);
  std::erase_if(arms, [&](arm const& one) { return !o.includes_any(one.studies); });
  int const threads = study::usable_threads(o.threads), seeds = o.seeds > 0 ? o.seeds : o.tune ? 1 : of.seeds;
  if (!o.tune) apply_tuned(arms, study::read_tuned(tuned, tuned_schema), tuned);

  std::string settings;
  for (arm const& one : arms) {
    for (std::string const& cell : arm_row(one)) settings += cell + ",";
  }
  study::require_configuration(
      folder, {std::string("program: length_study") + (o.tune ? " --tune" : ""), "scale: " + of.text(),
               "corpus: " + std::to_string(fingerprint_of(corpus)), "study: " + o.study,
               "seeds: " + std::to_string(seeds), "arms: " + std::to_string(study::fingerprint(settings))});
  if (o.tune) {
    tune(arms, seeds, world(of, std::move(corpus), folder), threads, folder, tuned);
    return;
  }
  auto stated = claims(of);
  std::erase_if(stated, [&](study::claim const& one) { return !o.includes(study_of(one)); });
  study::write_claims(folder, claims_source, stated);  // before anything runs
  write_arms(folder, arms);
  world const in(of, std::move(corpus), folder);
  study::journal finished(folder / "runs.journal");
  auto const made = run_all("runs", arms, {1, seeds}, in, threads, folder, finished);
  write_proxies(folder, made);
  write_lengths(folder, in, made);
  study::write_runs(folder, made.runs);
  finish(folder);
  finished.remove();
}

}  // namespace

int program(int argc, char const* const* argv, scale const* instead) {
  options o;
  CLI::App app{
      "The experiments of arXiv:2404.14367 on language models whose preferences are about length (claims "
      "S1-S3, F2), at compact "
      "scale.\nWithout options: the whole study, quick, 5 seeds. A study that was killed goes on where it "
      "was when it is started "
      "again."};
  study::add_options(app, o,
                     {.out       = "length_study_results",
                      .studies   = "s1, s2, s3, f2",
                      .out_holds = "models, CSV, figures and report.html",
                      .seeds     = "default 5, which verdicts need, full 10; tuning: 1 other",
                      .full      = "four times the budget, better reward models, more arms near the mode"});
  app.add_option("--queries", o.queries,
                 "the budget: responses that the reward model is asked about (quick 2048, full 8192)");
  app.add_option("--corpus", o.corpus,
                 "file of lines \"prompt TAB response.\" of letters a ... h (default: made up)");
  return study::run_program(app, "length_study", argc, argv, [&] {
    study::check(app, o, {std::begin(study_names), std::end(study_names)});
    if (!o.verdicts.empty()) {
      finish(o.verdicts);
      return;
    }
    scale of   = instead ? *instead : o.full ? full_scale() : quick_scale();
    of.queries = o.queries.value_or(of.queries);
    run_study(o, of);
  });
}

}  // namespace length_study
