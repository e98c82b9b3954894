// The hinge loss on preference pairs, per token.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/hinge.hpp"

namespace poft::objective {

/// hinge on the length-normalised margin (compare dpo_norm):
///
///   L = max( 0, 1 - beta [ a_w / T_w - a_l / T_l ] ),      a = log pi - log pi_ref
///
/// T_w = chosen_tokens, T_l = rejected_tokens.
struct hinge_norm {
  double beta = 0.1;

  static constexpr char const* name = "hinge_norm";
  using parameters                  = fields<field<"beta", &hinge_norm::beta>>;
  template <class S>
  using inputs = preference_pair_with_tokens<S>;

  template <class S>
  POFT_FN S operator()(preference_pair_with_tokens<S> const& pair) const {
    return hinge{beta}.of_margin(mean_margin(pair));
  }

  constexpr char const* invalid() const { return beta > 0 ? nullptr : "hinge_norm: beta must be > 0"; }
};

}  // namespace poft::objective
