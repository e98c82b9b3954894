// Anchored preference optimisation that lowers both responses, the rejected one more.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// D'Oosterlinck et al. 2024, arXiv:2408.06266 (APO-down), for outputs worse than the model's own:
///
///   L = sigmoid(r_w) + (1 - sigmoid(beta h))
///
/// r_w = beta (log pi - log pi_ref) of chosen, h = margin. TRL: "apo_down".
struct apo_down {
  double beta = 0.1;

  static constexpr char const* name = "apo_down";
  using parameters                  = fields<field<"beta", &apo_down::beta>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    auto const scale = constant<value_t<S>>(beta);
    return sigmoid(scale * chosen_log_ratio(pair)) + sigmoid(-(scale * margin(pair)));
  }

  constexpr char const* invalid() const { return beta > 0 ? nullptr : "apo_down: beta must be > 0"; }
};

}  // namespace poft::objective
