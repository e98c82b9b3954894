// Self-play preference optimisation with certain verdicts.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/sppo_soft.hpp"

namespace poft::objective {

/// Wu et al. 2024, arXiv:2405.00675, sppo_soft with a win probability of 1:
///
///   L = ( a_w - 1 / (2 beta) )^2 + ( a_l + 1 / (2 beta) )^2
///
/// a = log pi - log pi_ref of chosen and rejected. TRL: loss type "sppo_hard".
struct sppo_hard {
  double beta = 0.1;

  static constexpr char const* name = "sppo_hard";
  using parameters                  = fields<field<"beta", &sppo_hard::beta>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    return sppo_soft{beta}.of_pair(pair, constant<value_t<S>>(1));
  }

  constexpr char const* invalid() const { return beta > 0 ? nullptr : "sppo_hard: beta must be > 0"; }
};

}  // namespace poft::objective
