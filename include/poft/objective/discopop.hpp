// DiscoPOP, a loss that a language model proposed.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Lu et al. 2024, arXiv:2406.08414, the log-ratio modulated loss, with x = beta h and m = sigmoid(x / tau):
///
///   L = -(1 - m) log sigmoid(x) + m exp(-x)
///
/// h = margin. Written literally, m exp(-x) is 0 inf for x below -89 in float (TRL, Liger); the factors are
/// joined in the exponent here. TRL calls tau discopop_tau.
struct discopop {
  double beta = 0.1;
  double tau  = 0.05;

  static constexpr char const* name = "discopop";
  using parameters                  = fields<field<"beta", &discopop::beta>, field<"tau", &discopop::tau>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S of_margin(S margin) const {
    S const x     = constant<value_t<S>>(beta) * margin;
    S const ratio = x / constant<value_t<S>>(tau);
    return sigmoid(-ratio) * softplus(-x) + exp(log_sigmoid(ratio) - x);
  }
  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    return of_margin(margin(pair));
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "discopop: beta must be > 0";
    return tau > 0 && tau < 1 ? nullptr : "discopop: tau must be in (0, 1)";
  }
};

}  // namespace poft::objective
