// Alignment by optimal transport of paired margins.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/cdpo.hpp"

namespace poft::objective {

/// Melnyk et al. 2024, arXiv:2406.05882 (AOT, paired): order statistic k of a batch,
///
///   L_k = -(1 - eps) log sigmoid(beta d_k) - eps log sigmoid(-beta d_k)
///   d = sort(log pi(y_w) - log pi(y_l)) - sort(log pi_ref(y_w) - log pi_ref(y_l))
///
/// eps = label_smoothing. The permutations are frozen and the sorted values live: preference::sort_margins makes the
/// objective's batch from the caller's and brings the gradient back. What counts as the batch changes the loss.
/// TRL: "aot".
struct aot {
  double beta            = 0.1;
  double label_smoothing = 0.0;

  static constexpr char const* name = "aot";
  using parameters = fields<field<"beta", &aot::beta>, field<"label_smoothing", &aot::label_smoothing>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    S const policy_margin          = pair.chosen - pair.rejected;
    value_t<S> const reference_gap = pair.reference_chosen - pair.reference_rejected;
    return cdpo{beta, label_smoothing}.of_margin(policy_margin - reference_gap);
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "aot: beta must be > 0";
    return is_label_noise(label_smoothing) ? nullptr : "aot: label_smoothing must be in [0, 1/2)";
  }
};

}  // namespace poft::objective
