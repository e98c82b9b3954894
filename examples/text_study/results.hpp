// The study's folder: what is written before, during and after it, and how its verdicts come back from the files alone.
// SPDX-License-Identifier: MIT
//
//   claims.json           what is claimed; written before anything runs (study/claims.hpp)
//   arms.csv              the settings of every arm
//   models/               targets and aligned models, and what other arms start from
//   models.csv            those models: sizes, tokens per answer, accuracies
//   data.csv              data set, seed: share of noise, spread of r_LLM, how well it separates noise
//   scores.csv            seed 1: r_LLM of every sample
//   gradient.csv          P1: how far PoFT's gradient is from tau times that of SFT
//   runs.journal          finished runs, while others still run
//   runs.csv              arm, seed and one row per measured epoch (study/columns.hpp)
//   summary.csv           arm, seed and what is read off a run
//   verdicts.csv, .json   made from runs.csv, data.csv, gradient.csv and claims.json
#pragma once

#include <map>
#include <string>
#include <vector>

#include "arms.hpp"
#include "gradient.hpp"
#include "measurement.hpp"
#include "study/columns.hpp"

namespace text_study {

struct world;
struct outcome;

/// The settings of an arm, as arms.csv has them.
std::vector<std::string> arm_row(arm const& one);
void write_arms(fs::path const& folder, std::vector<arm> const& arms);
void write_models(fs::path const& folder, world& in);
void write_data(fs::path const& folder, outcome const& from);
void write_gradients(fs::path const& folder, std::vector<gradient_check> const& checks);

/// runs.csv, data.csv and gradient.csv (where they exist), summarised: the metrics that claims speak of. Data sets are the
/// arms data.NAME, gradients gradient.TARGET.
study::run_metrics read_metrics(fs::path const& folder);
/// summary.csv from the metrics of runs.
void write_summary(fs::path const& folder, study::run_metrics const& metrics);

inline constexpr char const* tuned_schema = "poft-text-tuned/1";

}  // namespace text_study
