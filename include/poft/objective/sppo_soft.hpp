// Self-play preference optimisation with a win probability.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Wu et al. 2024, arXiv:2405.00675, both responses of a pair, with eta = 1 / beta and p = win_probability:
///
///   L = ( a_w - (p - 1/2) / beta )^2 + ( a_l + (p - 1/2) / beta )^2
///
/// a = log pi - log pi_ref of chosen and rejected; p comes from a preference model and is frozen.
struct sppo_soft {
  double beta = 0.1;

  static constexpr char const* name = "sppo_soft";
  using parameters                  = fields<field<"beta", &sppo_soft::beta>>;
  template <class S>
  using inputs = preference_pair_with_win_probability<S>;

  /// On any pair, with a win probability that holds for it.
  template <class Pair, class V>
  POFT_FN auto of_pair(Pair const& pair, V win_probability) const {
    V const target = (win_probability - constant<V>(0.5)) / constant<V>(beta);
    return square(chosen_log_ratio(pair) - target) + square(rejected_log_ratio(pair) + target);
  }
  template <class S>
  POFT_FN S operator()(preference_pair_with_win_probability<S> const& pair) const {
    return of_pair(pair, pair.win_probability);
  }

  constexpr char const* invalid() const { return beta > 0 ? nullptr : "sppo_soft: beta must be > 0"; }
};

}  // namespace poft::objective
