// The hinge loss on preference pairs: RSO, and SLiC normalised by a reference.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Liu et al. 2023, arXiv:2309.06657 (RSO, hinge-norm):
///
///   L = max(0, 1 - beta h)
///
/// h = margin; the derivative at the kink is 0. beta is 1 / (width of the margin). TRL: loss type "hinge";
/// without a reference it is the calibration term of slic.
struct hinge {
  double beta = 0.1;

  static constexpr char const* name = "hinge";
  using parameters                  = fields<field<"beta", &hinge::beta>>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S of_margin(S margin) const {
    auto const zero = constant<value_t<S>>(0), one = constant<value_t<S>>(1);
    return max(zero, one - constant<value_t<S>>(beta) * margin);
  }
  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    return of_margin(margin(pair));
  }

  constexpr char const* invalid() const { return beta > 0 ? nullptr : "hinge: beta must be > 0"; }
};

}  // namespace poft::objective
