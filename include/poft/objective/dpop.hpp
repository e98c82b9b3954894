// DPO-positive: DPO that does not let the chosen response become less likely.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/dpo.hpp"

namespace poft::objective {

/// Pal et al. 2024, arXiv:2402.13228 (Smaug):
///
///   L = -log sigmoid( beta ( h - lambda max(0, log pi_ref(y_w) - log pi(y_w)) ) )
///
/// h = margin; lambda = 50 in the paper. The penalty stands inside the sigmoid: outside it, with a minus
/// sign, as one public fork has it, it would reward what it should prevent. Its derivative at the kink is 0.
struct dpop {
  double beta   = 0.1;
  double lambda = 50.0;

  static constexpr char const* name = "dpop";
  using parameters                  = fields<field<"beta", &dpop::beta>, field<"lambda", &dpop::lambda>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    S const collapse = max(constant<value_t<S>>(0), -chosen_log_ratio(pair));
    return dpo{beta}.of_margin(margin(pair) - constant<value_t<S>>(lambda) * collapse);
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "dpop: beta must be > 0";
    return lambda >= 0 ? nullptr : "dpop: lambda must be >= 0";
  }
};

}  // namespace poft::objective
