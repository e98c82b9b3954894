// The score of a sequence: the sum of its token log-probs together with the number of tokens summed.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "poft/preference/scores.hpp"

namespace poft::preference {

/// Sum and count travel together, so that a formula which divides (PoFT, SimPO, ORPO) divides by the tokens
/// it summed.
template <std::floating_point T>
struct sequence_score {
  T sum;     ///< sum of token log-probs, nats
  T tokens;  ///< how many tokens were summed, >= 1

  T mean() const { return sum / tokens; }
};

/// For callers who hold per-token means and no counts: one token that carries the mean. Then sum and mean
/// agree, and only formulas that divide by tokens (or never use the sum) are right.
template <std::floating_point T>
sequence_score<T> from_mean(T mean_log_prob) {
  if (!(mean_log_prob < std::numeric_limits<T>::infinity()))
    throw value_error(message("from_mean: mean log-prob is ", mean_log_prob, ", expected a log-prob"));
  return {mean_log_prob, T(1)};
}

/// One sequence: token_log_prob [time], mask [time] or empty. `sample` only names it in messages.
template <score_range LogProbs, mask_range Mask = std::span<bool const>>
sequence_score<element_of_range<LogProbs>> score_sequence(LogProbs const& token_log_prob,
                                                          Mask const& mask = {}, std::size_t sample = 0) {
  using T = element_of_range<LogProbs>;
  std::span<T const> const log_prob(token_log_prob);
  std::span<element_of_range<Mask> const> const scored(mask);
  if (!scored.empty())
    require::same_length("score_sequence", "token_log_prob", log_prob.size(), "mask", scored.size());
  double sum         = 0;  // double: a float sum loses digits over thousands of tokens
  std::size_t tokens = 0;
  for (std::size_t t = 0; t < log_prob.size(); ++t) {
    if (!scored.empty() && scored[t] == element_of_range<Mask>(0))
      continue;  // a masked token may hold anything
    if (!(log_prob[t] < std::numeric_limits<T>::infinity()))
      throw value_error(message("score_sequence: sample ", sample, ", token ", t, " has log-prob ",
                                log_prob[t], ", expected a log-prob"));
    sum += log_prob[t];
    ++tokens;
  }
  if (tokens == 0)
    throw value_error(
        message("score_sequence: sample ", sample, " has 0 scored tokens, expected at least 1"));
  return {static_cast<T>(sum), static_cast<T>(tokens)};
}

/// Ragged samples: token_log_prob [tokens], offsets [samples + 1] ascending from 0 to tokens, mask [tokens]
/// or empty.
template <score_range LogProbs, mask_range Mask = std::span<bool const>>
std::vector<sequence_score<element_of_range<LogProbs>>> score_sequences(LogProbs const& token_log_prob,
                                                                        std::span<std::size_t const> offsets,
                                                                        Mask const& mask = {}) {
  constexpr char const* operation = "score_sequences";
  std::span<element_of_range<LogProbs> const> const log_prob(token_log_prob);
  std::span<element_of_range<Mask> const> const scored(mask);
  if (!scored.empty())
    require::same_length(operation, "token_log_prob", log_prob.size(), "mask", scored.size());
  if (offsets.size() < 2 || offsets.front() != 0 || offsets.back() != log_prob.size())
    throw shape_error(message(operation, ": offsets of ", offsets.size(),
                              " elements do not run from 0 to the ", log_prob.size(), " tokens"));
  std::vector<sequence_score<element_of_range<LogProbs>>> scores;
  scores.reserve(offsets.size() - 1);
  for (std::size_t sample = 0; sample + 1 < offsets.size(); ++sample) {
    std::size_t const begin = offsets[sample], end = offsets[sample + 1];
    if (begin > end || end > log_prob.size())
      throw shape_error(message(operation, ": offsets[", sample + 1, "] is ", end, " after ", begin,
                                ", expected ascending offsets"));
    scores.push_back(score_sequence(log_prob.subspan(begin, end - begin),
                                    scored.empty() ? scored : scored.subspan(begin, end - begin), sample));
  }
  return scores;
}

}  // namespace poft::preference
