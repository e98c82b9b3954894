// Efficient exact optimisation on pairs.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Ji et al. 2024, arXiv:2402.00856: the reverse divergence from the policy's to a smoothed judge's verdict,
///
///   L = q [log q - log(1 - eps)] + (1 - q) [log(1 - q) - log eps],      q = sigmoid(beta h)
///
/// h = margin, eps = label_smoothing > 0, 1e-3 in the paper; smallest where beta h = log((1 - eps) / eps).
/// Beside that point the terms cancel and only absolute accuracy is left. TRL and Liger: loss type
/// "exo_pair".
struct exo_pair {
  double beta            = 0.1;
  double label_smoothing = 1e-3;

  static constexpr char const* name = "exo_pair";
  using parameters =
      fields<field<"beta", &exo_pair::beta>, field<"label_smoothing", &exo_pair::label_smoothing>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S of_margin(S margin) const {
    using V     = value_t<S>;
    V const eps = constant<V>(label_smoothing);
    S const x   = constant<V>(beta) * margin;
    return sigmoid(x) * (log_sigmoid(x) - log1p(-eps)) + sigmoid(-x) * (log_sigmoid(-x) - log(eps));
  }
  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    return of_margin(margin(pair));
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "exo_pair: beta must be > 0";
    return label_smoothing > 0 && label_smoothing < 0.5 ? nullptr
                                                        : "exo_pair: label_smoothing must be in (0, 1/2)";
  }
};

}  // namespace poft::objective
