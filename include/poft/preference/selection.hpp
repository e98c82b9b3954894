// Which samples to learn from: best of n, filters by score, gates for negatives, pairs by reward. All return
// indices. SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "poft/preference/scores.hpp"
#include "poft/scalar/functions.hpp"  // abs, exp, log, max, softplus

// Rewards are [prompts, samples_per_prompt] row-major, unless said otherwise.

namespace poft::preference {

/// Places within each prompt's row: the first largest and the first smallest reward. [prompts] each.
struct best_and_worst {
  std::vector<std::size_t> best, worst;
};
/// Ties take the first sample, also for the worst: a row of equal rewards has best = worst = 0.
template <score_range Rewards>
best_and_worst best_of_n(Rewards const& rewards, std::size_t samples_per_prompt) {
  auto const reward         = require::finite("best_of_n", "reward", rewards);
  std::size_t const prompts = require::groups("best_of_n", reward.size(), samples_per_prompt);
  best_and_worst places;
  for (std::size_t prompt = 0; prompt < prompts; ++prompt) {
    auto const row = reward.subspan(prompt * samples_per_prompt, samples_per_prompt);
    places.best.push_back(static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin()));
    places.worst.push_back(static_cast<std::size_t>(std::min_element(row.begin(), row.end()) - row.begin()));
  }
  return places;
}

/// How many of n samples a fraction keeps where it does not come out even.
enum class rounding { down, up };

/// The number of samples kept: fraction * n, rounded; products within rounding error of an integer are that
/// integer.
inline std::size_t share_of(double fraction, std::size_t n, rounding round) {
  double const exact   = fraction * static_cast<double>(n);
  double const nearest = std::round(exact);
  if (abs(exact - nearest) <= 1e-9) return static_cast<std::size_t>(nearest);
  return static_cast<std::size_t>(round == rounding::down ? std::floor(exact) : std::ceil(exact));
}

/// The samples with the highest scores, as ascending indices: RAFT (Dong et al. 2023, arXiv:2304.06767) takes
/// the top of the whole batch, not of each prompt; with the aligned models' mean as score it is the
/// preference-score filter of arXiv:2412.12865, fig. 4. Ties at the boundary keep the lower index. scores
/// [samples], 0 < fraction <= 1.
template <score_range Scores>
std::vector<std::size_t> keep_top_fraction(Scores const& scores, double fraction,
                                           rounding round = rounding::down) {
  constexpr char const* operation = "keep_top_fraction";
  auto const score                = require::finite(operation, "score", scores);
  if (!(fraction > 0 && fraction <= 1))
    throw value_error(message(operation, ": fraction is ", fraction, ", expected above 0 and at most 1"));
  std::size_t const kept = share_of(fraction, score.size(), round);
  if (kept == 0)
    throw value_error(message(operation, ": fraction ", fraction, " of ", score.size(),
                              " samples keeps none, expected at ", "least one (or rounding up)"));
  std::vector<std::size_t> order(score.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return score[a] > score[b]; });
  order.resize(kept);
  std::sort(order.begin(), order.end());
  return order;
}

/// The samples with score >= threshold, ascending; may be none. scores [samples].
template <score_range Scores>
std::vector<std::size_t> keep_above(Scores const& scores, double threshold) {
  auto const score = require::finite("keep_above", "score", scores);
  if (std::isnan(threshold)) throw value_error("keep_above: threshold is nan, expected a number");
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < score.size(); ++i)
    if (double(score[i]) >= threshold) kept.push_back(i);
  return kept;
}

/// Instruction-following difficulty, Li et al. 2024, arXiv:2308.12032 (as table 4 of arXiv:2412.12865 uses
/// it):
///
///   IFD = PPL(y | x) / PPL(y) = exp(mean log p(y) - mean log p(y | x))
///
/// from the per-token mean log-probs with and without the instruction. Near 0: the instruction says it all;
/// near 1: it hardly helps; above 1: it misleads. [samples] each.
template <score_range LogProbs>
std::vector<element_of_range<LogProbs>> instruction_following_difficulty(
    LogProbs const& mean_log_prob_given_prompt, LogProbs const& mean_log_prob_alone) {
  constexpr char const* operation = "instruction_following_difficulty";
  auto const given = require::finite(operation, "mean_log_prob_given_prompt", mean_log_prob_given_prompt);
  auto const alone = require::finite(operation, "mean_log_prob_alone", mean_log_prob_alone);
  require::same_length(operation, "mean_log_prob_given_prompt", given.size(), "mean_log_prob_alone",
                       alone.size());
  std::vector<element_of_range<LogProbs>> difficulty(given.size());
  for (std::size_t i = 0; i < given.size(); ++i) difficulty[i] = exp(alone[i] - given[i]);
  return difficulty;
}

/// The IFD filter: of the samples with difficulty < limit, the `fraction` of *all* samples with the highest,
/// ascending (fewer where fewer lie below the limit). difficulty [samples].
template <score_range Difficulties>
std::vector<std::size_t> keep_by_difficulty(Difficulties const& difficulties, double fraction,
                                            double limit = 1, rounding round = rounding::down) {
  using T               = element_of_range<Difficulties>;
  auto const difficulty = require::finite("keep_by_difficulty", "difficulty", difficulties);
  require::positive("keep_by_difficulty", "limit", limit);
  std::vector<T> ranked(difficulty.begin(), difficulty.end());
  for (T& one : ranked)
    if (double(one) >= limit) one = std::numeric_limits<T>::lowest();  // last in the order, then taken out
  auto kept = keep_top_fraction(ranked, fraction, round);
  std::erase_if(kept, [&](std::size_t i) { return double(difficulty[i]) >= limit; });
  return kept;
}

/// The gate of best-of-n with negative gradient: which samples may be pushed down. A negative that has become
/// far less likely than the best is left alone, or its log-prob would fall without end:
///
///   i != best and pi(i) / (pi(best) + floor) > threshold
///
/// Defaults as the official code of arXiv:2404.14367 (token sequences). log_prob [prompts,
/// samples_per_prompt] of the policy, best [prompts] places in the row; returns [prompts,
/// samples_per_prompt], 1 = push down.
struct gate {
  double threshold = 0.01;
  double floor     = 1e-24;  ///< added to the best's probability
};
template <score_range LogProbs>
std::vector<char> gated_negatives(LogProbs const& log_prob, std::span<std::size_t const> best,
                                  std::size_t samples_per_prompt, gate const& options = {}) {
  constexpr char const* operation = "gated_negatives";
  auto const policy               = require::log_probs(operation, "log_prob", log_prob);
  require::same_length(operation, "best", best.size(), "prompts",
                       require::groups(operation, policy.size(), samples_per_prompt));
  require::positive(operation, "threshold", options.threshold);
  require::not_negative(operation, "floor", options.floor);
  std::vector<char> open(policy.size());
  for (std::size_t prompt = 0; prompt < best.size(); ++prompt) {
    if (best[prompt] >= samples_per_prompt)
      throw value_error(message(operation, ": best[", prompt, "] is ", best[prompt], ", expected below ",
                                samples_per_prompt));
    auto const row       = policy.subspan(prompt * samples_per_prompt, samples_per_prompt);
    double const of_best = row[best[prompt]];
    // In logarithms: a long sequence's probability underflows where its ratio to another one does not.
    double const bound =
        log(options.threshold) +
        (options.floor > 0 ? log(options.floor) + softplus(of_best - log(options.floor)) : of_best);
    for (std::size_t i = 0; i < row.size(); ++i)
      open[prompt * samples_per_prompt + i] = i != best[prompt] && double(row[i]) > bound;
  }
  return open;
}

/// Indices into the row-major samples of the batch.
struct index_pair {
  std::size_t chosen, rejected;
  bool operator==(index_pair const&) const = default;
};
struct pair_selection {
  std::vector<index_pair> pairs;
  std::size_t dropped_pairs   = 0;  ///< closer in reward than asked
  std::size_t skipped_prompts = 0;  ///< prompts left without any pair
};
/// All N (N - 1) / 2 pairs of each prompt's samples, the higher reward chosen. Pairs closer than
/// min_difference are dropped and counted. Without it (0) ties are kept, and the lower index is the chosen
/// one.
template <score_range Rewards>
pair_selection all_pairs(Rewards const& rewards, std::size_t samples_per_prompt, double min_difference = 0) {
  constexpr char const* operation = "all_pairs";
  auto const reward               = require::finite(operation, "reward", rewards);
  require::not_negative(operation, "min_difference", min_difference);
  require::groups(operation, reward.size(), samples_per_prompt, 2);
  pair_selection selection;
  for (std::size_t begin = 0; begin < reward.size(); begin += samples_per_prompt) {
    std::size_t const before = selection.pairs.size(), end = begin + samples_per_prompt;
    for (std::size_t i = begin; i < end; ++i)
      for (std::size_t j = i + 1; j < end; ++j) {
        double const lead = double(reward[i]) - double(reward[j]);
        if (abs(lead) < min_difference) {
          ++selection.dropped_pairs;
        } else {
          selection.pairs.push_back(lead >= 0 ? index_pair{i, j} : index_pair{j, i});
        }
      }
    if (selection.pairs.size() == before) ++selection.skipped_prompts;
  }
  return selection;
}

}  // namespace poft::preference
