// The sigmoid as a gate, with its slope: what silu and the tanh form of gelu are made of.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/core/config.hpp"
#include "poft/scalar/functions.hpp"

namespace poft {

/// s = 1 / (1 + exp(-a)) and ds/da = s (1 - s), accurate in both tails, from one exponential and one division.
template <class S>
struct sigmoid_gate {
  S value, slope;

  POFT_FN explicit sigmoid_gate(S a) {
    S const one     = constant<S>(1);
    S const e       = exp(-abs(a));  // in (0, 1]: neither sign of a overflows
    S const inverse = one / (one + e);
    value           = inverse * select(a > constant<S>(0), one, e);
    slope           = e * inverse * inverse;
  }
};

}  // namespace poft
