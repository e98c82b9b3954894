// Reward-weighted likelihood: imitate each sample as strongly as its weight says.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// Peters and Schaal 2007, "Reinforcement learning by reward-weighted regression":
///
///   L = -w(x, y) log pi(y | x)
///
/// w is frozen and comes from preference/: exponential_weights (RWR), clipped_weights (AWR,
/// arXiv:1910.00177), sigmoid_weights, normalised_weights; 1 for the samples that a filter keeps and 0
/// for the rest (RAFT, arXiv:2304.06767, best-of-n; the count is then the number kept), 1 for chosen
/// responses (Pref-FT).
struct weighted_nll {
  static constexpr char const* name = "weighted_nll";
  using parameters                  = fields<>;
  template <class S>
  using inputs = weighted_sequence<S>;

  template <class S>
  POFT_FN S operator()(weighted_sequence<S> const& sample) const {
    return -(sample.weight * sample.log_prob);
  }

  constexpr char const* invalid() const { return nullptr; }
};

}  // namespace poft::objective
