// Reading and writing the study's files.
// SPDX-License-Identifier: MIT
#include "results.hpp"

#include <cmath>

namespace study {

using poft::bandit::measurement;
using poft::bandit::run_summary;

std::vector<std::string> arm_row(arm const& one) {
  auto const& s = one.settings;
  std::string studies;
  for (std::string const& name : one.studies) studies += (studies.empty() ? "" : " ") + name;
  return {one.id,
          studies,
          name_of(one.policy),
          s.method.name(),
          s.method.parameter_name(),
          number_text(s.method.parameter()),
          number_text(s.learning_rate),
          number_text(s.reward.peak),
          number_text(s.reward.width),
          s.reference == poft::bandit::reference_policy::fitted ? "fitted" : "data",
          std::to_string(s.pool),
          std::to_string(s.samples),
          std::to_string(s.queries),
          std::to_string(s.prompts_per_collection()),
          std::to_string(s.minibatch),
          std::to_string(s.passes),
          std::to_string(s.steps()),
          number_text(s.min_difference),
          one.tuned_for};
}

void write_arms(fs::path const& folder, std::vector<arm> const& arms) {
  table out{{"arm", "studies", "policy", "learner", "parameter", "parameter_value", "learning_rate",
             "reward_peak", "reward_width", "reference", "pool", "samples", "queries", "batch", "minibatch",
             "passes", "steps", "min_difference", "tuned_for"},
            {}};
  for (arm const& one : arms) out.rows.push_back(arm_row(one));
  write_whole(folder / "arms.csv", out.text());
}

void write_divergences(fs::path const& folder, std::vector<divergence_run> const& runs) {
  table out{{"arm", "seed", "step", "target_mass", "peaks"}, {}};
  table shapes{{"arm", "seed", "bin", "first", "last", "target"}, {}};
  for (divergence_run const& one : runs) {
    for (divergence_point const& now : one.history) {
      out.rows.push_back({one.arm, std::to_string(one.seed), number_text(now.step),
                          number_text(now.target_mass), number_text(now.peaks)});
    }
    for (std::size_t bin = 0; bin < one.target.size(); ++bin) {
      shapes.rows.push_back({one.arm, std::to_string(one.seed), std::to_string(bin),
                             number_text(one.first[bin]), number_text(one.last[bin]),
                             number_text(one.target[bin])});
    }
  }
  write_whole(folder / "divergence.csv", out.text());
  write_whole(folder / "divergence_shapes.csv", shapes.text());
}

run_metrics read_metrics(fs::path const& folder) {
  run_metrics out;
  if (fs::exists(folder / "runs.csv")) {
    std::string const place = (folder / "arms.csv").string();
    table const arms        = table::read(folder / "arms.csv");
    std::size_t const id = arms.column("arm", place), queries = arms.column("queries", place);
    std::map<std::string, double> budget;
    for (auto const& row : arms.rows) budget[row[id]] = text_number(row[queries], place);
    for (auto const& [arm, seeds] : read_runs<measurement>(folder)) {
      auto const known = budget.find(arm);
      if (known == budget.end())
        throw poft::format_error(poft::message(place, ": no arm \"", arm, "\", which runs.csv has"));
      for (auto const& [seed, history] : seeds) {
        append_metrics(out[arm][seed], poft::bandit::summarise(history, known->second));
      }
    }
  }
  if (fs::exists(folder / "divergence.csv")) {
    std::string const place = (folder / "divergence.csv").string();
    table const runs        = table::read(folder / "divergence.csv");
    std::size_t const name = runs.column("arm", place), seed = runs.column("seed", place),
                      mass = runs.column("target_mass", place), peaks = runs.column("peaks", place);
    std::map<std::pair<std::string, long>, std::vector<double>> masses;
    for (auto const& row : runs.rows) {
      long const number = static_cast<long>(text_number(row[seed], place));
      masses[{row[name], number}].push_back(text_number(row[mass], place));
      out[row[name]][number]["peaks"] = text_number(row[peaks], place);  // the last row stays
    }
    for (auto const& [key, values] : masses) {
      double sum = 0;
      for (double const value : values) sum += value;
      out[key.first][key.second]["target_mass"] = sum / static_cast<double>(values.size());
    }
  }
  return out;
}

void write_summaries(fs::path const& folder, run_metrics const& metrics) {
  table runs{{"arm", "seed"}, {}}, divergences{{"arm", "seed", "target_mass", "peaks"}, {}};
  append_names<run_summary>(runs.columns);
  for (auto const& [arm, seeds] : metrics) {
    for (auto const& [seed, values] : seeds) {
      table& to = values.contains("peaks") ? divergences : runs;
      auto& row = to.rows.emplace_back(std::vector{arm, std::to_string(seed)});
      for (std::size_t k = 2; k < to.columns.size(); ++k)
        row.push_back(number_text(values.at(to.columns[k])));
    }
  }
  if (!runs.rows.empty()) write_whole(folder / "summary.csv", runs.text());
  if (!divergences.rows.empty()) write_whole(folder / "divergence_summary.csv", divergences.text());
}

}  // namespace study
