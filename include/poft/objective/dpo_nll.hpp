// DPO with a likelihood term for the chosen response.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/dpo.hpp"

namespace poft::objective {

/// Pang et al. 2024, arXiv:2404.19733 (iterative reasoning preference optimisation), eq. 1:
///
///   L = dpo - alpha log pi(y_w) / T_w
///
/// T_w = chosen_tokens. TRL: loss types "sigmoid" and "sft" together, formerly rpo_alpha; LLaMA-Factory:
/// pref_ftx.
struct dpo_nll {
  double beta  = 0.1;
  double alpha = 1.0;

  static constexpr char const* name = "dpo_nll";
  using parameters                  = fields<field<"beta", &dpo_nll::beta>, field<"alpha", &dpo_nll::alpha>>;
  template <class S>
  using inputs = preference_pair_with_tokens<S>;

  template <class S>
  POFT_FN S operator()(preference_pair_with_tokens<S> const& pair) const {
    return dpo{beta}.of_margin(margin(pair)) + constant<value_t<S>>(alpha) * chosen_mean_nll(pair);
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "dpo_nll: beta must be > 0";
    return alpha >= 0 ? nullptr : "dpo_nll: alpha must be >= 0";
  }
};

}  // namespace poft::objective
