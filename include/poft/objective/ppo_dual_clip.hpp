// PPO whose loss is bounded for bad actions too.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// Ye et al. 2020, arXiv:1912.09729, eq. 5:
///
///   A >= 0:  L = -min( rho A, clip(rho, 1 - eps_low, 1 + eps_high) A )
///   A <  0:  L = -max( min( rho A, clip(rho, ...) A ), c A ),            c = max_ratio > 1
///
/// Plain PPO leaves rho unbounded where A < 0: one action that the old policy hardly knew spoils the
/// step. As in pessimistic_surrogate, A is multiplied last. verl: c = 3, OpenRLHF: off by default.
struct ppo_dual_clip {
  double eps_low   = 0.2;
  double eps_high  = 0.2;
  double max_ratio = 3.0;

  static constexpr char const* name = "ppo_dual_clip";
  using parameters =
      fields<field<"eps_low", &ppo_dual_clip::eps_low>, field<"eps_high", &ppo_dual_clip::eps_high>,
             field<"max_ratio", &ppo_dual_clip::max_ratio>>;
  template <class S>
  using inputs = policy_step<S>;

  template <template <class> class Step, class S>
  POFT_FN S operator()(Step<S> const& step) const {
    using T         = value_t<S>;
    S const ratio   = exp(log_importance_ratio(step));
    S const clipped = clip_ratio(ratio, eps_low, eps_high);
    S const bad     = min(max(ratio, clipped), S(constant<T>(max_ratio)));
    return -(step.advantage * select(step.advantage < constant<T>(0), bad, min(ratio, clipped)));
  }

  constexpr char const* invalid() const {
    if (!(eps_low > 0)) return "ppo_dual_clip: eps_low must be > 0";
    if (!(eps_high > 0)) return "ppo_dual_clip: eps_high must be > 0";
    return max_ratio > 1 ? nullptr : "ppo_dual_clip: max_ratio must be > 1";
  }
};

}  // namespace poft::objective
