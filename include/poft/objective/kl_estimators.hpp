// Estimators of KL(pi || pi_ref) from samples of pi, as penalties in the loss.
// SPDX-License-Identifier: MIT
//
// d = log pi - log pi_ref at a sampled token (or response). Schulman 2020, "Approximating KL divergence",
// names k1 to k3. What is reported and what is optimised are two things. At samples of the current policy
//
//                value                                gradient in the loss, on average
//   k1           d                unbiased KL         0: it penalises nothing
//   k2           d^2 / 2          biased KL           the gradient of KL(pi || pi_ref)
//   k3           exp(-d) - 1 + d  unbiased KL, >= 0   the gradient of KL(pi_ref || pi), the other direction
//
// The straight-through forms report k1 or k3 and have k2's gradient. A penalty in the *reward* (PPO,
// RLOO: subtract coefficient * k1 before the advantage) has the right gradient by itself. k3 grows as
// pi_ref / pi and exceeds the type where that does; nothing is clamped here (verl and OpenRLHF clamp at
// +-10, TRL does not).
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

struct k1 {
  static constexpr char const* name = "k1";
  template <class S>
  POFT_FN static S of(S d) {
    return d;
  }
};
struct k2 {
  static constexpr char const* name = "k2";
  template <class S>
  POFT_FN static S of(S d) {
    return constant<value_t<S>>(0.5) * square(d);
  }
};
struct k3 {
  static constexpr char const* name = "k3";
  template <class S>
  POFT_FN static S of(S d) {
    return expm1_minus(-d);
  }
};
/// |d|: TRL's and verl's "abs".
struct absolute_difference {
  static constexpr char const* name = "abs";
  template <class S>
  POFT_FN static S of(S d) {
    return abs(d);
  }
};

/// The value of one estimator with the gradient of another.
template <class Value, class Slope>
struct straight_through {
  template <class S>
  POFT_FN static S of(S d) {
    S const slope = Slope::of(d);
    return Value::of(stop_gradient(d)) + (slope - stop_gradient(slope));
  }
};
struct k1_straight_through : straight_through<k1, k2> {
  static constexpr char const* name = "k1_straight_through";
};
/// verl's "k3+".
struct k3_straight_through : straight_through<k3, k2> {
  static constexpr char const* name = "k3_straight_through";
};

}  // namespace poft::objective
