// Identity preference optimisation on summed log-probs.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Azar et al. 2023, arXiv:2310.12036, eq. 17:
///
///   L = ( h - 1 / (2 tau) )^2
///
/// h = margin. The field disagrees about h: sums as in the paper here, in DPO's original code and OpenRLHF;
/// per-token means in TRL, HALOs and LLaMA-Factory, which is ipo_norm; a target of beta in the bandit study,
/// which is ipo_bandit.
struct ipo {
  double tau = 0.1;

  static constexpr char const* name = "ipo";
  using parameters                  = fields<field<"tau", &ipo::tau>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S of_margin(S margin) const {
    using V = value_t<S>;
    return square(margin - constant<V>(0.5) / constant<V>(tau));
  }
  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    return of_margin(margin(pair));
  }

  constexpr char const* invalid() const { return tau > 0 ? nullptr : "ipo: tau must be > 0"; }
};

}  // namespace poft::objective
