// Negative log-likelihood: per-token mean of a sequence, and the plain sum.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// Supervised fine-tuning, one sequence's mean:
///
///   L = -(1/T) sum_t log pi(y_t | x, y_<t)
///
/// Averaged over sequences, a token of a short response weighs more than one of a long response.
struct nll {
  static constexpr char const* name = "nll";
  using parameters                  = fields<>;
  template <class S>
  using inputs = sequence<S>;

  template <class S>
  POFT_FN S operator()(sequence<S> const& response) const {
    return -(response.log_prob / response.tokens);
  }

  constexpr char const* invalid() const { return nullptr; }
};

/// L = -log pi(y | x), of a token or summed over a response. Reduced with count = the *global* number of
/// tokens it is the token mean that TRL's SFT and most pre-training code minimise; with count = the
/// number of sequences, the mean of sums.
struct nll_sum {
  static constexpr char const* name = "nll_sum";
  using parameters                  = fields<>;
  template <class S>
  using inputs = token<S>;

  template <class S>
  POFT_FN S operator()(token<S> const& target) const {
    return -target.log_prob;
  }

  constexpr char const* invalid() const { return nullptr; }
};

}  // namespace poft::objective
