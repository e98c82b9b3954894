// Runs: data sets with their scores, models trained on them epoch by epoch, and what is measured on the way.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "arms.hpp"
#include "measurement.hpp"
#include "poft/train/terms.hpp"
#include "study/runs.hpp"

namespace text_study {

using run = study::run_of<arm, measurement>;  // its common settings: world::text()

/// What all runs have in common.
struct world {
  scale of;
  library books;
  std::vector<language_model> targets, aligned;  ///< as they are before any run

  /// Trains the models, or takes them from folder/models.
  world(scale const& of, library const& books, fs::path const& folder, int threads);
  /// Of all settings that runs share.
  std::string text() const;

 private:
  std::string text_;
};

/// A data set of one seed, and what is known of its samples.
struct scored_data {
  std::vector<sample> samples;
  std::vector<double> score;   ///< r_LLM
  std::vector<double> rating;  ///< of the external rater
  std::map<int, std::vector<std::string>>
      answered_by;  ///< aligned model -> its responses, where a run needs them

  /// The numbers of data.csv.
  double noise = 0, score_spread = 0, auroc = 0;
};
scored_data score_data(std::string const& name, std::uint64_t seed, world const& in,
                       std::vector<int> const& distilled_by);

/// What an arm of single responses is trained on, and by: columns aligned_score and clean, or example_weight where a constant is
/// in the place of PoFT's coefficients. `model` is the target as it starts.
std::pair<poft::dataset, poft::training_term> supervised(arm const& one, std::uint64_t seed,
                                                         scored_data const& data, language_model& model);

/// Probability that a clean sample has a higher score than a spoilt one, ties counting half; NaN where one kind is missing.
double auroc(std::vector<sample> const& samples, std::vector<double> const& scores);

/// (sum w)^2 / (n sum w^2): the share of the samples that weights are worth (Kish 1965, section 11.7).
double effective_share(std::vector<double> const& weights);

struct outcome {
  std::vector<run> runs;
  /// (data, seed) -> its scores.
  std::map<std::pair<std::string, std::uint64_t>, scored_data> data;
};

/// Every arm with its seeds. Those that the journal holds are not repeated, and it gets every other one as soon as it is
/// finished; models that other arms start from are kept in folder/models.
outcome run_all(std::string const& title, std::vector<arm> const& arms, study::seed_range seeds,
                world const& in, int threads, fs::path const& folder, study::journal& finished);

}  // namespace text_study
