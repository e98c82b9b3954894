// The frozen permutations of AOT: which items meet when two batches are sorted.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "poft/preference/scores.hpp"

namespace poft::preference {

/// The stable ascending order of scores [n]: order[k] is the index of the k-th smallest, ties in index order.
template <score_range Scores>
std::vector<std::size_t> ascending_order(Scores const& scores) {
  auto const score = require::finite("ascending_order", "scores", scores);
  std::vector<std::size_t> order(score.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return score[a] < score[b]; });
  return order;
}

/// Order statistic k of the one batch meets order statistic k of the other: items one[k] and other[k].
struct sorted_pairing {
  std::vector<std::size_t> one, other;  ///< [n] each, permutations
};

template <score_range Scores, score_range OtherScores>
sorted_pairing pair_sorted(Scores const& scores, OtherScores const& other_scores) {
  sorted_pairing pairing{ascending_order(scores), ascending_order(other_scores)};
  require::same_length("pair_sorted", "scores", pairing.one.size(), "other_scores", pairing.other.size());
  return pairing;
}

/// a - b element by element, for the two functions below.
template <score_range A, score_range B>
std::vector<element_of_range<A>> differences(char const* operation, char const* a_name, A const& a,
                                             char const* b_name, B const& b) {
  auto const first  = require::finite(operation, a_name, a);
  auto const second = require::finite(operation, b_name, b);
  require::same_length(operation, a_name, first.size(), b_name, second.size());
  std::vector<element_of_range<A>> difference(first.size());
  for (std::size_t i = 0; i < first.size(); ++i) difference[i] = first[i] - second[i];
  return difference;
}

/// Melnyk et al. 2024, arXiv:2406.05882, paired AOT (as TRL): the policy margins chosen - rejected and the
/// reference margins are sorted apart; order statistic k compares policy item one[k] with reference item
/// other[k]. The permutations are frozen, the sorted values stay live. Couples the batch: what a "batch" is
/// changes the loss. [pairs] each.
template <score_range S>
sorted_pairing pair_margins(S const& chosen, S const& rejected, S const& reference_chosen,
                            S const& reference_rejected) {
  constexpr char const* operation = "pair_margins";
  return pair_sorted(
      differences(operation, "chosen", chosen, "rejected", rejected),
      differences(operation, "reference_chosen", reference_chosen, "reference_rejected", reference_rejected));
}

/// Unpaired AOT: the log-ratios policy - reference of the chosen and of the rejected responses are sorted
/// apart; order statistic k compares chosen item one[k] with rejected item other[k]. [n] each; chosen and
/// rejected need not be paired.
template <score_range S>
sorted_pairing pair_log_ratios(S const& chosen, S const& rejected, S const& reference_chosen,
                               S const& reference_rejected) {
  constexpr char const* operation = "pair_log_ratios";
  return pair_sorted(differences(operation, "chosen", chosen, "reference_chosen", reference_chosen),
                     differences(operation, "rejected", rejected, "reference_rejected", reference_rejected));
}

}  // namespace poft::preference
