// The study's folder: what is written before, during and after it, and how its verdicts come back from the files alone.
// SPDX-License-Identifier: MIT
//
//   claims.json             what is claimed; written before anything runs
//   arms.csv                the settings of every arm
//   runs.journal            finished runs, while others still run
//   runs.csv                arm, seed and one row per measurement
//   summary.csv             arm, seed and what is read off a run
//   divergence.csv          B7: arm, seed and one row per measurement;  divergence_summary.csv
//   verdicts.csv, .json     made from the four CSV files above and claims.json
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "claims.hpp"
#include "divergence.hpp"
#include "files.hpp"
#include "runner.hpp"

namespace study {

void write_claims(fs::path const& folder, std::vector<claim> const& stated);
std::vector<claim> read_claims(fs::path const& folder);

/// The settings of an arm, as arms.csv has them.
std::vector<std::string> arm_row(arm const& one);
void write_arms(fs::path const& folder, std::vector<arm> const& arms);
void write_runs(fs::path const& folder, std::vector<run> const& runs);
void write_divergences(fs::path const& folder, std::vector<divergence_run> const& runs);

/// arm -> seed -> measurements, from runs.csv.
using histories = std::map<std::string, std::map<long, std::vector<poft::bandit::measurement>>>;
histories read_runs(fs::path const& folder);

/// runs.csv and divergence.csv (where they exist), summarised: the metrics that claims speak of.
run_metrics read_metrics(fs::path const& folder);

/// summary.csv and divergence_summary.csv from the metrics.
void write_summaries(fs::path const& folder, run_metrics const& metrics);

/// The claims of which at least one contrast has runs, judged.
std::vector<judged_claim> judge_all(std::vector<claim> const& stated, run_metrics const& metrics);
void write_verdicts(fs::path const& folder, std::vector<judged_claim> const& judged);

/// The settings that tuning found.
struct tuned_arm {
  double learning_rate, parameter;
  int seeds;  ///< from first_tuning_seed on, that they were found on
};
std::map<std::string, tuned_arm> read_tuned(fs::path const& file);
void write_tuned(fs::path const& file, std::map<std::string, tuned_arm> const& tuned);

}  // namespace study
