// The study's folder: what is written before, during and after it, and how its verdicts come back from the files alone.
// SPDX-License-Identifier: MIT
//
//   claims.json             what is claimed; written before anything runs (study/claims.hpp)
//   arms.csv                the settings of every arm
//   runs.journal            finished runs, while others still run
//   runs.csv                arm, seed and one row per measurement (study/columns.hpp)
//   summary.csv             arm, seed and what is read off a run
//   divergence.csv          B7: arm, seed and one row per measurement;  divergence_summary.csv
//   verdicts.csv, .json     made from the four CSV files above and claims.json
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "arms.hpp"
#include "divergence.hpp"
#include "study/columns.hpp"
#include "study/files.hpp"

namespace study {

/// The settings of an arm, as arms.csv has them.
std::vector<std::string> arm_row(arm const& one);
void write_arms(fs::path const& folder, std::vector<arm> const& arms);
void write_divergences(fs::path const& folder, std::vector<divergence_run> const& runs);

/// runs.csv and divergence.csv (where they exist), summarised: the metrics that claims speak of.
run_metrics read_metrics(fs::path const& folder);

/// summary.csv and divergence_summary.csv from the metrics.
void write_summaries(fs::path const& folder, run_metrics const& metrics);

/// The settings of tuned.json.
inline constexpr char const* tuned_schema = "poft-bandit-tuned/2";

}  // namespace study
