// PPO whose ratio is bounded before the clip.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// Prime Intellect 2025 (INTELLECT-2), arXiv:2505.07291, two-sided clipping:
///
///   L = -min( min(rho, delta) A, clip(rho, 1 - eps_low, 1 + eps_high) A ),      delta = max_ratio
///
/// For A < 0 the loss is then at most delta |A|.
struct ppo_two_sided {
  double eps_low   = 0.2;
  double eps_high  = 0.2;
  double max_ratio = 4.0;

  static constexpr char const* name = "ppo_two_sided";
  using parameters =
      fields<field<"eps_low", &ppo_two_sided::eps_low>, field<"eps_high", &ppo_two_sided::eps_high>,
             field<"max_ratio", &ppo_two_sided::max_ratio>>;
  template <class S>
  using inputs = policy_step<S>;

  template <template <class> class Step, class S>
  POFT_FN S operator()(Step<S> const& step) const {
    S const ratio   = exp(log_importance_ratio(step));
    S const bounded = min(ratio, S(constant<value_t<S>>(max_ratio)));
    return pessimistic_surrogate(step.advantage, bounded, clip_ratio(ratio, eps_low, eps_high));
  }

  constexpr char const* invalid() const {
    if (!(eps_low > 0)) return "ppo_two_sided: eps_low must be > 0";
    if (!(eps_high > 0)) return "ppo_two_sided: eps_high must be > 0";
    return max_ratio > 1 ? nullptr : "ppo_two_sided: max_ratio must be > 1";
  }
};

}  // namespace poft::objective
