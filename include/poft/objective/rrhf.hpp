// Rank responses to align human feedback (RRHF): a hinge on every pair that is in the wrong order.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/list_inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Yuan et al. 2023, arXiv:2304.05302, with the mean log-prob p = log pi(y) / T of each response and its
/// reward R:
///
///   L = sum_{R_i < R_j} max(0, p_i - p_j) - c p_best
///
/// c = nll_coefficient; best is the first of the highest rewards. Tied rewards contribute nothing, and the
/// derivative at p_i = p_j is 0. The authors' likelihood term is a sum; their code divides it by the padded
/// length and weights the ranking by 100. All pairs: O(K^2).
struct rrhf {
  double nll_coefficient = 1.0;

  static constexpr char const* name = "rrhf";
  using parameters                  = fields<field<"nll_coefficient", &rrhf::nll_coefficient>>;
  template <class T>
  using inputs = rewarded_list_with_tokens<T>;

  template <class T>
  POFT_FN T operator()(rewarded_list_with_tokens<T> const& list, view<T> gradient) const {
    std::ptrdiff_t const items = list.log_prob.size();
    T const zero = constant<T>(0), one = constant<T>(1), nll_weight = constant<T>(nll_coefficient);
    if (items == 0) return zero;
    auto mean = [&](std::ptrdiff_t i) { return list.log_prob[i] / list.tokens[i]; };

    T loss              = zero;
    std::ptrdiff_t best = 0;
    for (std::ptrdiff_t i = 0; i < items; ++i) {
      T pairs_too_high = zero;  // pairs in which i is too likely, less those in which it is too unlikely
      for (std::ptrdiff_t j = 0; j < items; ++j) {
        T const excess = mean(i) - mean(j);
        if (list.reward[i] < list.reward[j] && excess > zero) {
          loss += excess;
          pairs_too_high += one;
        }
        if (list.reward[j] < list.reward[i] && excess < zero) pairs_too_high -= one;
      }
      gradient[i] = pairs_too_high / list.tokens[i];
      if (list.reward[i] > list.reward[best]) best = i;
    }
    gradient[best] -= nll_weight / list.tokens[best];
    return loss - nll_weight * mean(best);
  }

  constexpr char const* invalid() const {
    return nll_coefficient >= 0 ? nullptr : "rrhf: nll_coefficient must be >= 0";
  }
};

}  // namespace poft::objective
