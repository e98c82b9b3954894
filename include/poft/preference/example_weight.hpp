// Quantities made of one sequence's tokens before an objective sees it: WPO's weights and LD-DPO's shortened
// sums. SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include "poft/preference/scores.hpp"
#include "poft/preference/sequence_score.hpp"
#include "poft/scalar/functions.hpp"  // exp, min

namespace poft::preference {

/// Zhou et al. 2024, arXiv:2406.11827 (sampled alignment), per sequence:
///
///   w(x, y) = exp( (1/T) sum_t [ log pi(y_t) - log sum_v pi(v)^2 ] )
///
/// pi is the policy at the response's own prefix; log sum_v pi(v)^2 = lse(2 z) - 2 lse(z) of the logits z.
/// The weight is frozen. Off-policy sequences get small weights; a sequence of tokens likelier than average
/// may exceed 1. token_log_prob, token_log_sum_of_squares [time], mask [time] or empty.
template <score_range LogProbs, mask_range Mask = std::span<bool const>>
double wpo_weight(LogProbs const& token_log_prob, LogProbs const& token_log_sum_of_squares,
                  Mask const& mask = {}, std::size_t sample = 0) {
  std::span<element_of_range<LogProbs> const> const log_prob(token_log_prob),
      log_squares(token_log_sum_of_squares);
  require::same_length("wpo_weight", "token_log_prob", log_prob.size(), "token_log_sum_of_squares",
                       log_squares.size());
  auto const own     = score_sequence(log_prob, mask, sample);
  auto const squares = score_sequence(log_squares, mask, sample);
  if (!std::isfinite(squares.sum))
    throw value_error(message("wpo_weight: sample ", sample, " has log sums of squares adding up to ",
                              squares.sum, ", expected a finite number"));
  return exp(double(own.mean()) - double(squares.mean()));
}

/// The pair's weight is the product of both sequences' weights, at most max_weight (no limit by default).
inline double wpo_pair_weight(double chosen_weight, double rejected_weight,
                              double max_weight = std::numeric_limits<double>::infinity()) {
  for (double const weight : {chosen_weight, rejected_weight})
    if (!(weight >= 0)) throw value_error(message("wpo_pair_weight: weight is ", weight, ", expected >= 0"));
  if (!(max_weight > 0))
    throw value_error(message("wpo_pair_weight: max_weight is ", max_weight, ", expected > 0"));
  return min(chosen_weight * rejected_weight, max_weight);
}

/// Liu et al. 2024, arXiv:2409.06411 (LD-DPO): tokens past the length that both responses have count only
/// alpha:
///
///   sum_{t <= n*} log pi(y_t) + alpha sum_{t > n*} log pi(y_t),   n* = min(n_chosen, n_rejected)
///
/// alpha = 1 is the plain sum, alpha = 0 cuts the longer response. Take it for policy and reference alike (as
/// TRL; some libraries shorten only the policy's). token_log_prob [time], scored tokens only.
template <score_range LogProbs>
element_of_range<LogProbs> length_desensitised_sum(LogProbs const& token_log_prob, std::size_t shared_length,
                                                   double alpha) {
  constexpr char const* operation = "length_desensitised_sum";
  auto const log_prob             = require::log_probs(operation, "token_log_prob", token_log_prob);
  if (!(alpha >= 0 && alpha <= 1))
    throw value_error(message(operation, ": alpha is ", alpha, ", expected 0 to 1"));
  if (shared_length == 0 || shared_length > log_prob.size())
    throw value_error(
        message(operation, ": shared_length is ", shared_length, ", expected 1 to ", log_prob.size()));
  double shared = 0, excess = 0;
  for (std::size_t t = 0; t < log_prob.size(); ++t) (t < shared_length ? shared : excess) += log_prob[t];
  // alpha 0 leaves the excess out even where it is -inf.
  return static_cast<element_of_range<LogProbs>>(alpha == 0 ? shared : shared + alpha * excess);
}

/// Both sums of a pair.
template <std::floating_point T>
struct length_desensitised_pair {
  T chosen, rejected;
};
template <score_range LogProbs>
length_desensitised_pair<element_of_range<LogProbs>> length_desensitised_sums(
    LogProbs const& chosen_token_log_prob, LogProbs const& rejected_token_log_prob, double alpha) {
  constexpr char const* operation = "length_desensitised_sums";
  std::size_t const chosen =
      require::not_empty(operation, "chosen_token_log_prob", chosen_token_log_prob).size();
  std::size_t const rejected =
      require::not_empty(operation, "rejected_token_log_prob", rejected_token_log_prob).size();
  std::size_t const shared = chosen < rejected ? chosen : rejected;
  return {length_desensitised_sum(chosen_token_log_prob, shared, alpha),
          length_desensitised_sum(rejected_token_log_prob, shared, alpha)};
}

}  // namespace poft::preference
