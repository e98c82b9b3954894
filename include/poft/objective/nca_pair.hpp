// Noise-contrastive alignment on pairs.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Chen et al. 2024, arXiv:2402.05369 (NCA with two responses):
///
///   L = -log sigmoid(r_w) - 1/2 log sigmoid(-r_w) - 1/2 log sigmoid(-r_l)
///
/// r = beta (log pi - log pi_ref) of chosen and rejected. It is smallest where sigmoid(r_w) = 2/3: the chosen
/// one's likelihood is not driven without bound. TRL: loss type "nca_pair".
struct nca_pair {
  double beta = 0.1;

  static constexpr char const* name = "nca_pair";
  using parameters                  = fields<field<"beta", &nca_pair::beta>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    auto const scale = constant<value_t<S>>(beta), half = constant<value_t<S>>(0.5);
    S const chosen = scale * chosen_log_ratio(pair), rejected = scale * rejected_log_ratio(pair);
    return softplus(-chosen) + half * (softplus(chosen) + softplus(rejected));
  }

  constexpr char const* invalid() const { return beta > 0 ? nullptr : "nca_pair: beta must be > 0"; }
};

}  // namespace poft::objective
