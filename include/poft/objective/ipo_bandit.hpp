// Identity preference optimisation as the bandit study states it.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// The form used by the code of Tajwar et al. 2024, arXiv:2404.14367, for its bandits: the target itself is
/// the parameter,
///
///   L = ( h - beta )^2
///
/// h = margin. It is ipo with tau = 1 / (2 beta).
struct ipo_bandit {
  double beta = 0.1;

  static constexpr char const* name = "ipo_bandit";
  using parameters                  = fields<field<"beta", &ipo_bandit::beta>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S of_margin(S margin) const {
    return square(margin - constant<value_t<S>>(beta));
  }
  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    return of_margin(margin(pair));
  }

  constexpr char const* invalid() const { return beta > 0 ? nullptr : "ipo_bandit: beta must be > 0"; }
};

}  // namespace poft::objective
