// What several aligned models say about each sample: the mean of their scores, the baseline of PoFT.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "poft/preference/scores.hpp"

namespace poft::preference {

/// Fan et al. 2024, arXiv:2412.12865, the baseline r_LLM of eq. 5:
///
///   r_LLM(x, y) = (1/M) sum_j r_j(x, y),   r_j(x, y) = (1/T_j) log p_j(y | x)
///
/// Each r_j is normalised by the token count of its *own* tokenizer before it comes here. NaN marks a missing
/// score. scores [samples, models] row-major; returns [samples]. A missing score is an error that names
/// sample and model.
template <score_range Scores>
std::vector<element_of_range<Scores>> mean_over_aligned_models(Scores const& scores, std::size_t models) {
  using T                         = element_of_range<Scores>;
  constexpr char const* operation = "mean_over_aligned_models";
  std::span<T const> const score  = require::not_empty(operation, "scores", scores);
  std::vector<T> mean(require::groups(operation, score.size(), models));
  for (std::size_t sample = 0; sample < mean.size(); ++sample) {
    double sum = 0;
    for (std::size_t model = 0; model < models; ++model) {
      T const one = score[sample * models + model];
      if (std::isnan(one))
        throw value_error(message(operation, ": sample ", sample, " has no score by model ", model,
                                  ", expected a score by every model"));
      if (one == std::numeric_limits<T>::infinity())
        throw value_error(message(operation, ": sample ", sample, " has score ", one, " by model ", model,
                                  ", expected a log-prob"));
      sum += one;
    }
    mean[sample] = static_cast<T>(sum / static_cast<double>(models));
  }
  return mean;
}

/// The same from one column per model: columns [models] of [samples] each.
template <std::floating_point T>
std::vector<T> mean_over_aligned_models(std::span<std::span<T const> const> columns) {
  constexpr char const* operation = "mean_over_aligned_models";
  if (columns.empty()) throw shape_error(message(operation, ": 0 models, expected at least 1"));
  std::size_t const samples = columns[0].size(), models = columns.size();
  std::vector<T> scores(samples * models);
  for (std::size_t model = 0; model < models; ++model) {
    if (columns[model].size() != samples)
      throw shape_error(message(operation, ": model ", model, " scored ", columns[model].size(),
                                " samples and model 0 scored ", samples, ", expected the same number"));
    for (std::size_t sample = 0; sample < samples; ++sample)
      scores[sample * models + model] = columns[model][sample];
  }
  return mean_over_aligned_models(scores, models);
}

/// Indices, ascending, of the samples that every model has scored: for callers who choose to drop the others.
/// scores [samples, models] row-major.
template <score_range Scores>
std::vector<std::size_t> scored_by_all(Scores const& scores, std::size_t models) {
  auto const score = require::not_empty("scored_by_all", "scores", scores);
  std::vector<std::size_t> kept;
  for (std::size_t sample = 0; sample < require::groups("scored_by_all", score.size(), models); ++sample) {
    bool missing = false;
    for (auto const one : score.subspan(sample * models, models)) missing = missing || std::isnan(one);
    if (!missing) kept.push_back(sample);
  }
  return kept;
}

}  // namespace poft::preference
