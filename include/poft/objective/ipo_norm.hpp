// Identity preference optimisation on per-token means.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/ipo.hpp"

namespace poft::objective {

/// Azar et al. 2023, arXiv:2310.12036, as TRL (loss type "ipo", where tau is called beta), HALOs and
/// LLaMA-Factory have it:
///
///   L = ( a_w / T_w - a_l / T_l - 1 / (2 tau) )^2,      a = log pi - log pi_ref
///
/// T_w = chosen_tokens, T_l = rejected_tokens; ipo has the sums.
struct ipo_norm {
  double tau = 0.1;

  static constexpr char const* name = "ipo_norm";
  using parameters                  = fields<field<"tau", &ipo_norm::tau>>;
  template <class S>
  using inputs = preference_pair_with_tokens<S>;

  template <class S>
  POFT_FN S operator()(preference_pair_with_tokens<S> const& pair) const {
    return ipo{tau}.of_margin(mean_margin(pair));
  }

  constexpr char const* invalid() const { return tau > 0 ? nullptr : "ipo_norm: tau must be > 0"; }
};

}  // namespace poft::objective
