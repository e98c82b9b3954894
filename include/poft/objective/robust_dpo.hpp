// Robust DPO: an unbiased estimate of the loss under known label noise.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/objective/smoothed_log_sigmoid.hpp"

namespace poft::objective {

/// Chowdhury et al. 2024, arXiv:2403.00409:
///
///   L = [ -(1 - eps) log sigmoid(beta h) + eps log sigmoid(-beta h) ] / (1 - 2 eps)
///
/// h = margin, eps = label_smoothing, the share of flipped labels, which must be known: the default only
/// makes the object usable. It is the smoothed loss of cdpo with smoothing -eps / (1 - 2 eps); unbounded
/// below, the slope stays at -beta eps / (1 - 2 eps) however large the margin. TRL and Liger: loss type
/// "robust".
struct robust_dpo {
  double beta            = 0.1;
  double label_smoothing = 0.1;

  static constexpr char const* name = "robust_dpo";
  using parameters =
      fields<field<"beta", &robust_dpo::beta>, field<"label_smoothing", &robust_dpo::label_smoothing>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S of_margin(S margin) const {
    using V     = value_t<S>;
    V const eps = constant<V>(label_smoothing);
    return -smoothed_log_sigmoid(constant<V>(beta) * margin, -eps / (constant<V>(1) - constant<V>(2) * eps));
  }
  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    return of_margin(margin(pair));
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "robust_dpo: beta must be > 0";
    return is_label_noise(label_smoothing) ? nullptr : "robust_dpo: label_smoothing must be in [0, 1/2)";
  }
};

}  // namespace poft::objective
