// Conservative DPO: labels that are wrong now and then.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/objective/smoothed_log_sigmoid.hpp"

namespace poft::objective {

/// Mitchell 2023, "A note on DPO with noisy preferences & relationship to IPO" (a note on the author's
/// pages):
///
///   L = -(1 - eps) log sigmoid(beta h) - eps log sigmoid(-beta h)
///
/// h = margin, eps = label_smoothing. 0 is dpo. DPO's original code, OpenRLHF, torchtune and HALOs have it as
/// label_smoothing; TRL dropped it from its sigmoid loss in 2026 and there ignores the option.
struct cdpo {
  double beta            = 0.1;
  double label_smoothing = 0.1;

  static constexpr char const* name = "cdpo";
  using parameters = fields<field<"beta", &cdpo::beta>, field<"label_smoothing", &cdpo::label_smoothing>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S of_margin(S margin) const {
    using V = value_t<S>;
    return -smoothed_log_sigmoid(constant<V>(beta) * margin, constant<V>(label_smoothing));
  }
  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    return of_margin(margin(pair));
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "cdpo: beta must be > 0";
    return is_label_noise(label_smoothing) ? nullptr : "cdpo: label_smoothing must be in [0, 1/2)";
  }
};

}  // namespace poft::objective
