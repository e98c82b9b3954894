// REINFORCE: the policy gradient of actions that the policy drew itself.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// Williams 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement
/// learning":
///
///   L = -A log pi(y | x) + c log pi(y | x)
///
/// A = advantage, frozen (reward minus a baseline; with preference::leave_one_out it is RLOO,
/// arXiv:2402.14740). c = entropy_coefficient, off by default: -log pi of a sample estimates the entropy,
/// so this is the bonus -c H, whose value is right on average while the gradient of the estimate is that
/// of E[log pi] at fixed samples, 0 on average; for the exact entropy and its gradient take the row of
/// logits (row/entropy.hpp).
struct reinforce {
  double entropy_coefficient = 0.0;

  static constexpr char const* name = "reinforce";
  using parameters                  = fields<field<"entropy_coefficient", &reinforce::entropy_coefficient>>;
  template <class S>
  using inputs = on_policy_step<S>;

  template <template <class> class Step, class S>
  POFT_FN S operator()(Step<S> const& step) const {
    return (constant<value_t<S>>(entropy_coefficient) - step.advantage) * step.log_prob;
  }

  constexpr char const* invalid() const {
    return entropy_coefficient >= 0 ? nullptr : "reinforce: entropy_coefficient must be >= 0";
  }
};

}  // namespace poft::objective
