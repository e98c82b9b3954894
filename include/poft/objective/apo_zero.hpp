// Anchored preference optimisation that raises the chosen and lowers the rejected response.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// D'Oosterlinck et al. 2024, arXiv:2408.06266 (APO-zero), for outputs better than the model's own:
///
///   L = (1 - sigmoid(r_w)) + sigmoid(r_l)
///
/// r = beta (log pi - log pi_ref) of chosen and rejected; 1 - sigmoid(r) is written sigmoid(-r). TRL:
/// "apo_zero".
struct apo_zero {
  double beta = 0.1;

  static constexpr char const* name = "apo_zero";
  using parameters                  = fields<field<"beta", &apo_zero::beta>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    auto const scale = constant<value_t<S>>(beta);
    return sigmoid(-(scale * chosen_log_ratio(pair))) + sigmoid(scale * rejected_log_ratio(pair));
  }

  constexpr char const* invalid() const { return beta > 0 ? nullptr : "apo_zero: beta must be > 0"; }
};

}  // namespace poft::objective
