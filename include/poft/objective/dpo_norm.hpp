// Length-normalised DPO.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/dpo.hpp"

namespace poft::objective {

/// DPO on per-token means, as in Lambert et al. 2024, arXiv:2411.15124 (Tulu 3):
///
///   L = -log sigmoid( beta [ a_w / T_w - a_l / T_l ] ),      a = log pi - log pi_ref
///
/// T_w = chosen_tokens, T_l = rejected_tokens. TRL: loss type "sigmoid_norm". Margins per token are small, so
/// beta is usually larger than for dpo (Tulu 3: 5).
struct dpo_norm {
  double beta = 0.1;

  static constexpr char const* name = "dpo_norm";
  using parameters                  = fields<field<"beta", &dpo_norm::beta>>;
  template <class S>
  using inputs = preference_pair_with_tokens<S>;

  template <class S>
  POFT_FN S operator()(preference_pair_with_tokens<S> const& pair) const {
    return dpo{beta}.of_margin(mean_margin(pair));
  }

  constexpr char const* invalid() const { return beta > 0 ? nullptr : "dpo_norm: beta must be > 0"; }
};

}  // namespace poft::objective
