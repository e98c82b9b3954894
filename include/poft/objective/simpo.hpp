// Simple preference optimisation: per-token means, no reference, a target margin.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/objective/smoothed_log_sigmoid.hpp"

namespace poft::objective {

/// Meng et al. 2024, arXiv:2405.14734, with x = beta (log pi(y_w) / T_w - log pi(y_l) / T_l) - gamma:
///
///   L = -(1 - eps) log sigmoid(x) - eps log sigmoid(-x)
///
/// T = chosen_tokens, rejected_tokens; eps = label_smoothing, 0 in the paper. gamma is the margin itself; the
/// authors' code sets its ratio gamma / beta. The default is theirs, beta 2 and ratio 0.25; TRL's beta 0.1
/// and gamma 0.5 is a ratio of 5.
struct simpo {
  double beta            = 2.0;
  double gamma           = 0.5;
  double label_smoothing = 0.0;

  static constexpr char const* name = "simpo";
  using parameters                  = fields<field<"beta", &simpo::beta>, field<"gamma", &simpo::gamma>,
                            field<"label_smoothing", &simpo::label_smoothing>>;
  template <class S>
  using inputs = reference_free_pair<S>;

  /// On any difference of two responses' rewards before beta, as AlphaPO reshapes it.
  template <class S>
  POFT_FN S of_margin(S margin) const {
    using V = value_t<S>;
    return -smoothed_log_sigmoid(constant<V>(beta) * margin - constant<V>(gamma),
                                 constant<V>(label_smoothing));
  }
  template <class S>
  POFT_FN S operator()(reference_free_pair<S> const& pair) const {
    return of_margin(mean_margin(pair));
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "simpo: beta must be > 0";
    if (!(gamma >= 0)) return "simpo: gamma must be >= 0";
    return is_label_noise(label_smoothing) ? nullptr : "simpo: label_smoothing must be in [0, 1/2)";
  }
};

}  // namespace poft::objective
