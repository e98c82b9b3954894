// Binary classifier optimisation on pairs.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Jung et al. 2024, arXiv:2404.04656, with both responses of a pair:
///
///   L = -log sigmoid(r_w - delta) - log sigmoid(-(r_l - delta))
///
/// r = beta (log pi - log pi_ref) of chosen and rejected; delta in the same reward units. TRL and Liger now
/// leave delta out (0, the default); TRL before 2026 and LLaMA-Factory take the running mean of all rewards
/// (preference::running_shift).
struct bco_pair {
  double beta  = 0.1;
  double delta = 0.0;

  static constexpr char const* name = "bco_pair";
  using parameters = fields<field<"beta", &bco_pair::beta>, field<"delta", &bco_pair::delta>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    auto const scale = constant<value_t<S>>(beta), shift = constant<value_t<S>>(delta);
    return softplus(shift - scale * chosen_log_ratio(pair)) +
           softplus(scale * rejected_log_ratio(pair) - shift);
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "bco_pair: beta must be > 0";
    return delta - delta == 0 ? nullptr : "bco_pair: delta must be finite";
  }
};

}  // namespace poft::objective
