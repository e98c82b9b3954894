// The likelihood of the chosen response alone.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"

namespace poft::objective {

/// L = -log pi(y_w) / T_w, y_w = chosen, T_w = chosen_tokens: the term that keeps a preference loss from
/// lowering both likelihoods (Liu et al. 2024, arXiv:2405.16436), to be added by weighted_sum. TRL: loss type
/// "sft".
struct chosen_nll {
  static constexpr char const* name = "chosen_nll";
  using parameters                  = fields<>;
  template <class S>
  using inputs = preference_pair_with_tokens<S>;

  template <class S>
  POFT_FN S operator()(preference_pair_with_tokens<S> const& pair) const {
    return chosen_mean_nll(pair);
  }

  constexpr char const* invalid() const { return nullptr; }
};

}  // namespace poft::objective
