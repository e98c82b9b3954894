// Alignment by optimal transport of log-ratios.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/cdpo.hpp"

namespace poft::objective {

/// Melnyk et al. 2024, arXiv:2406.05882 (AOT, unpaired): order statistic k of a batch,
///
///   L_k = -(1 - eps) log sigmoid(beta d_k) - eps log sigmoid(-beta d_k)
///   d = sort(log pi/pi_ref(y_w)) - sort(log pi/pi_ref(y_l))
///
/// eps = label_smoothing. The permutations are frozen and the sorted values live: preference::sort_log_ratios makes the
/// objective's batch from the caller's and brings the gradient back. What counts as the batch changes the loss.
/// TRL: "aot_unpaired".
struct aot_unpaired {
  double beta            = 0.1;
  double label_smoothing = 0.0;

  static constexpr char const* name = "aot_unpaired";
  using parameters =
      fields<field<"beta", &aot_unpaired::beta>, field<"label_smoothing", &aot_unpaired::label_smoothing>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    return cdpo{beta, label_smoothing}.of_margin(margin(pair));
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "aot_unpaired: beta must be > 0";
    return is_label_noise(label_smoothing) ? nullptr : "aot_unpaired: label_smoothing must be in [0, 1/2)";
  }
};

}  // namespace poft::objective
