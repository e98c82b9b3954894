// The study's folder: what is written before, during and after it, and how its verdicts come back from the files alone.
// SPDX-License-Identifier: MIT
//
//   configuration.txt     what the folder is of; another configuration is refused (study/configuration.hpp)
//   claims.json           what is claimed; written before anything runs (study/claims.hpp)
//   arms.csv              the settings of every arm
//   models/               pi_ref and reward models
//   proxies.csv           preference, seed: accuracy of the reward model on held-out pairs; its offline samples
//   lengths.csv           lengths of the corpus, of pi_ref, and of the offline samples of seed 1
//   runs.journal          finished runs, while others still run
//   runs.csv              arm, seed and one row per measurement (study/columns.hpp)
//   summary.csv           arm, seed and what is read off a run
//   verdicts.csv, .json   made from runs.csv and claims.json
#pragma once

#include <string>
#include <vector>

#include "arms.hpp"
#include "measurement.hpp"
#include "study/columns.hpp"

namespace length_study {

struct world;
struct outcome;

/// The settings of an arm, as arms.csv has them.
std::vector<std::string> arm_row(arm const& one);
void write_arms(fs::path const& folder, std::vector<arm> const& arms);
void write_proxies(fs::path const& folder, outcome const& from);
void write_lengths(fs::path const& folder, world const& in, outcome const& from);

/// runs.csv, summarised: the metrics that claims speak of.
study::run_metrics read_metrics(fs::path const& folder);
/// summary.csv from them.
void write_summary(fs::path const& folder, study::run_metrics const& metrics);

inline constexpr char const* tuned_schema = "poft-length-tuned/1";

}  // namespace length_study
