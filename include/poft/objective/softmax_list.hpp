// Cross entropy of a list's scores against soft targets.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/list_inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// ListNet's top-one loss (Cao et al. 2007, "Learning to rank: from pairwise approach to listwise
/// approach"), on log-ratios the InfoNCA of Chen et al. 2024, arXiv:2402.05369:
///
///   L = -sum_k p_k [ s_k - log sum_j exp s_j ],      s = beta (score - reference)
///
/// p = target, for example softmax(reward / alpha); used as given, also where it does not sum to 1. A
/// target of 0 contributes exactly 0.
struct softmax_list {
  double beta = 1.0;

  static constexpr char const* name = "softmax_list";
  using parameters                  = fields<field<"beta", &softmax_list::beta>>;
  template <class T>
  using inputs = target_list<T>;

  template <class T>
  POFT_FN T operator()(target_list<T> const& list, view<T> gradient) const {
    std::ptrdiff_t const items = list.score.size();
    T const scale              = constant<T>(beta);
    auto score = [&](std::ptrdiff_t k) { return scale * relative_to(list.reference, list.score, k); };

    T peak = constant<T>(-INFINITY), sum = constant<T>(0), total_target = constant<T>(0);
    for (std::ptrdiff_t k = 0; k < items; ++k) peak = max(peak, score(k));
    for (std::ptrdiff_t k = 0; k < items; ++k) {
      gradient[k] = exp(score(k) - peak);
      sum += gradient[k];
      total_target += list.target[k];
    }
    T loss = constant<T>(0);
    for (std::ptrdiff_t k = 0; k < items; ++k) {
      T const target = list.target[k];
      if (target != constant<T>(0)) loss += target * ((peak - score(k)) + log(sum));
      gradient[k] = scale * (total_target * (gradient[k] / sum) - target);
    }
    return loss;
  }

  constexpr char const* invalid() const { return beta > 0 ? nullptr : "softmax_list: beta must be > 0"; }
};

}  // namespace poft::objective
