// Reading and writing the study's files.
// SPDX-License-Identifier: MIT
#include "results.hpp"

#include <map>

#include "poft/train/on_policy.hpp"
#include "runner.hpp"

namespace length_study {

using study::number_text;
using study::table;

std::vector<std::string> arm_row(arm const& one) {
  std::string studies;
  for (std::string const& name : one.studies) studies += (studies.empty() ? "" : " ") + name;
  return {one.id,
          studies,
          kind_of(one.by).name,
          preference_names[static_cast<int>(one.over)],
          one.offline ? "offline" : "on_policy",
          std::to_string(one.collection),
          std::to_string(one.passes),
          one.settings_of(),
          number_text(one.learning_rate),
          number_text(one.parameter)};
}

void write_arms(fs::path const& folder, std::vector<arm> const& arms) {
  table out{{"arm", "studies", "learner", "preference", "samples", "collection", "passes", "settings_of",
             "learning_rate", "parameter"},
            {}};
  for (arm const& one : arms) out.rows.push_back(arm_row(one));
  study::write_whole(folder / "arms.csv", out.text());
}

void write_proxies(fs::path const& folder, outcome const& from) {
  table out{{"preference", "seed", "accuracy", "offline_gold", "offline_length"}, {}};
  for (auto const& [key, one] : from.tasks) {
    auto const& gold = one.offline.column("gold");
    double sum = 0, length = 0;
    for (double const value : gold) sum += value;
    for (double const value : lengths_of(one.offline)) length += value;
    auto const n = static_cast<double>(gold.size());
    out.rows.push_back({preference_names[static_cast<int>(key.first)], std::to_string(key.second),
                        number_text(one.judge.accuracy), number_text(sum / n), number_text(length / n)});
  }
  study::write_whole(folder / "proxies.csv", out.text());
}

void write_lengths(fs::path const& folder, world const& in, outcome const& from) {
  table out{{"source", "length", "share"}, {}};
  auto const add = [&](std::string const& source, std::vector<double> const& counts) {
    double sum = 0;
    for (double const count : counts) sum += count;
    for (std::size_t k = 1; k < counts.size(); ++k)
      out.rows.push_back({source, std::to_string(k), number_text(counts[k] / sum)});
  };
  auto const counted = [](poft::dataset const& samples) {
    std::vector<double> counts(static_cast<std::size_t>(longest_response) + 1);
    for (double const length : lengths_of(samples)) counts[static_cast<std::size_t>(length)] += 1;
    return counts;
  };
  add("corpus", length_histogram(in.corpus));
  auto const prompts = cycled(in.prompts.held_out, 4096);
  add("pi_ref", counted(poft::sample_responses(*in.reference, std::span<poft::dataset::tokens const>(prompts),
                                               1, sampling_options(shared_seed))));
  for (auto const& [key, one] : from.tasks) {
    if (key.second == 1)
      add(std::string("offline ") + preference_names[static_cast<int>(key.first)], counted(one.offline));
  }
  study::write_whole(folder / "lengths.csv", out.text());
}

study::run_metrics read_metrics(fs::path const& folder) {
  study::run_metrics out;
  if (!fs::exists(folder / "runs.csv")) return out;
  std::map<std::string, double> passes;
  table const arms       = table::read(folder / "arms.csv");
  std::size_t const name = arms.column("arm", "arms.csv"), at = arms.column("passes", "arms.csv");
  for (auto const& row : arms.rows) passes[row[name]] = study::text_number(row[at], "arms.csv");
  for (auto const& [arm, seeds] : study::read_runs<measurement>(folder)) {
    for (auto const& [seed, history] : seeds) {
      auto const summary = summarise(history, history.back().step / passes[arm]);
      auto& to           = out[arm][seed];
      study::append_metrics(to, history.back());
      study::append_metrics<poft::bandit::run_summary>(to, summary);
      run_summary::own_columns::for_each_index([&]<int K>() {
        to[run_summary::own_columns::at<K>::name] = run_summary::own_columns::get<K>(summary);
      });
    }
  }
  return out;
}

void write_summary(fs::path const& folder, study::run_metrics const& metrics) {
  table out{{"arm", "seed"}, {}};
  study::append_names<poft::bandit::run_summary>(out.columns);
  study::append_names<run_summary, run_summary::own_columns>(out.columns);
  for (auto const& [arm, seeds] : metrics) {
    for (auto const& [seed, values] : seeds) {
      auto& row = out.rows.emplace_back(std::vector{arm, std::to_string(seed)});
      for (std::size_t k = 2; k < out.columns.size(); ++k)
        row.push_back(number_text(values.at(out.columns[k])));
    }
  }
  if (!out.rows.empty()) study::write_whole(folder / "summary.csv", out.text());
}

}  // namespace length_study
