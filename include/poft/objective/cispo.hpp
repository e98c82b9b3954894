// CISPO: clips the importance weight and keeps every token's gradient.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// MiniMax 2025 (MiniMax-M1), arXiv:2506.13585, eq. 4:
///
///   L = -sg[ clip(rho, 1 - eps_low, 1 + eps_high) ] A log pi
///
/// sg = no gradient. Bounds relative to 1, as in verl.
struct cispo_relative {
  double eps_low  = 0.2;
  double eps_high = 0.2;

  static constexpr char const* name = "cispo_relative";
  using parameters =
      fields<field<"eps_low", &cispo_relative::eps_low>, field<"eps_high", &cispo_relative::eps_high>>;
  template <class S>
  using inputs = policy_step<S>;

  template <template <class> class Step, class S>
  POFT_FN S operator()(Step<S> const& step) const {
    value_t<S> const weight = clip_ratio(exp(stop_gradient(log_importance_ratio(step))), eps_low, eps_high);
    return -(weight * step.advantage * step.log_prob);
  }

  constexpr char const* invalid() const {
    if (!(eps_low > 0)) return "cispo_relative: eps_low must be > 0";
    return eps_high > 0 ? nullptr : "cispo_relative: eps_high must be > 0";
  }
};

/// The same with an upper bound only, which is the bound itself:
///
///   L = -sg[ min(rho, eps_high) ] A log pi,      eps_high = max_ratio
///
/// as TRL and Liger read eps_high; with the 0.2 that is usual elsewhere every gradient would shrink to a
/// fifth.
struct cispo_absolute {
  double max_ratio = 5.0;

  static constexpr char const* name = "cispo_absolute";
  using parameters                  = fields<field<"max_ratio", &cispo_absolute::max_ratio>>;
  template <class S>
  using inputs = policy_step<S>;

  template <template <class> class Step, class S>
  POFT_FN S operator()(Step<S> const& step) const {
    value_t<S> const weight =
        min(exp(stop_gradient(log_importance_ratio(step))), constant<value_t<S>>(max_ratio));
    return -(weight * step.advantage * step.log_prob);
  }

  constexpr char const* invalid() const {
    return max_ratio > 0 ? nullptr : "cispo_absolute: max_ratio must be > 0";
  }
};

}  // namespace poft::objective
