// Plackett-Luce: the likelihood of a ranking.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/list_inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Plackett 1975, "The analysis of permutations"; for preference tuning Rafailov et al. 2023,
/// arXiv:2305.18290, appendix A.3; with s = beta (score - reference), items in the order of their
/// ranking:
///
///   L = sum_{j < k} [ log sum_{i >= j} exp s_i - s_j ]
///
/// k = top_k places are judged, the order of the rest is not; 0: all. For two items it is dpo (or
/// bt_reward on scores).
///
/// Gradient in one more pass: let q_j = P(item j is chosen at its turn). Then dL/ds_i = q_i G_i - 1[i <
/// k] with G_0 = 1, G_{i+1} = (1 - q_i) G_i + 1, because 1 - q_i is the ratio of two successive
/// normalisers. Items after place k have the last turn's probability in place of their own. Normalisers
/// run backwards relative to their largest term.
struct plackett_luce {
  double beta = 1.0;
  int top_k   = 0;

  static constexpr char const* name = "plackett_luce";
  using parameters = fields<field<"beta", &plackett_luce::beta>, field<"top_k", &plackett_luce::top_k>>;
  template <class T>
  using inputs = ranked_list<T>;

  template <class T>
  POFT_FN T operator()(ranked_list<T> const& list, view<T> gradient) const {
    std::ptrdiff_t const items = list.ranking.size(), judged = top_k > 0 && top_k < items ? top_k : items;
    T const scale = constant<T>(beta), one = constant<T>(1);
    auto score = [&](std::ptrdiff_t place) {
      return scale * relative_to(list.reference, list.score, list.ranking[place]);
    };
    auto slot = [&](std::ptrdiff_t place) -> T& { return gradient[list.ranking[place]]; };

    T loss = constant<T>(0), peak = constant<T>(-INFINITY), sum = constant<T>(0);
    T last_peak = peak, last_sum = sum;  // of the last judged place
    for (std::ptrdiff_t j = items - 1; j >= 0; --j) {
      T const s = score(j), higher = max(s, peak);
      sum  = sum * exp(peak - higher) + exp(s - higher);
      peak = higher;
      if (j == judged - 1) {
        last_peak = peak;
        last_sum  = sum;
      }
      if (j < judged) {
        loss += (peak - s) + log(sum);
        slot(j) = exp(s - peak) / sum;
      }
    }
    T turns = one;  // G
    for (std::ptrdiff_t j = 0; j < judged; ++j) {
      T const chosen = slot(j);
      slot(j)        = scale * (chosen * turns - one);
      if (j + 1 < judged) turns = (one - chosen) * turns + one;
    }
    for (std::ptrdiff_t j = judged; j < items; ++j)
      slot(j) = scale * exp(score(j) - last_peak) / last_sum * turns;
    return loss;
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "plackett_luce: beta must be > 0";
    return top_k >= 0 ? nullptr : "plackett_luce: top_k must be >= 0";
  }
};

}  // namespace poft::objective
