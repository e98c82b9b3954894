// Dynamic fine-tuning: each token's likelihood weighted by its own probability.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// Wu et al. 2025, arXiv:2508.05629, per token:
///
///   L_t = -sg[pi(y_t)] log pi(y_t)
///
/// sg = no gradient: a token that the policy finds impossible is not forced, dL_t/dlog pi = -pi. Reduced
/// as nll_sum.
struct dft {
  static constexpr char const* name = "dft";
  using parameters                  = fields<>;
  template <class S>
  using inputs = token<S>;

  template <class S>
  POFT_FN S operator()(token<S> const& target) const {
    return -(exp(stop_gradient(target.log_prob)) * target.log_prob);
  }

  constexpr char const* invalid() const { return nullptr; }
};

}  // namespace poft::objective
