// Proximal policy optimisation: the clipped surrogate.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// Schulman et al. 2017, arXiv:1707.06347, eq. 7, to be minimised:
///
///   L = -min( rho A, clip(rho, 1 - eps_low, 1 + eps_high) A ),      rho = pi / pi_old
///
/// Works on any step that has a log_importance_ratio: a token, a whole response (rho is then the product
/// over its tokens), see gspo for the mean. eps_high > eps_low is DAPO's clip-higher (arXiv:2503.14476:
/// 0.28).
struct ppo_clip {
  double eps_low  = 0.2;
  double eps_high = 0.2;

  static constexpr char const* name = "ppo_clip";
  using parameters = fields<field<"eps_low", &ppo_clip::eps_low>, field<"eps_high", &ppo_clip::eps_high>>;
  template <class S>
  using inputs = policy_step<S>;

  template <template <class> class Step, class S>
  POFT_FN S operator()(Step<S> const& step) const {
    S const ratio = exp(log_importance_ratio(step));
    return pessimistic_surrogate(step.advantage, ratio, clip_ratio(ratio, eps_low, eps_high));
  }

  constexpr char const* invalid() const {
    if (!(eps_low > 0)) return "ppo_clip: eps_low must be > 0";
    return eps_high > 0 ? nullptr : "ppo_clip: eps_high must be > 0";
  }
};

}  // namespace poft::objective
