// The Gaussian error linear unit in its tanh form, and its derivative.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/core/config.hpp"
#include "poft/primitive/elementwise.hpp"
#include "poft/row/sigmoid_gate.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::primitive {

/// Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2:
///
///   y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) = x sigmoid(a),  a = sqrt(8/pi) (x + 0.044715 x^3)
///
/// The sigmoid needs one exponential, and does not lose the small tail to the difference 1 + tanh.
struct gelu_function {
  static constexpr char const* name = "gelu";

  template <class S>
  POFT_FN static S value(S x) {
    return x * sigmoid_gate<S>(x * slope_at_0<S>() * (constant<S>(1) + cubic<S>() * square(x))).value;
  }
  /// dy/dx = sigmoid(a) + x sigmoid'(a) a'
  template <class S>
  POFT_FN static S derivative(S x, S d_y) {
    // Where the bound acts, sigmoid' is 0 in float and in double; inf times 0 does not arise.
    S const squared = cubic<S>() * min(constant<S>(1000), square(x));
    S const one = constant<S>(1), three = constant<S>(3);
    sigmoid_gate<S> const gate(x * slope_at_0<S>() * (one + squared));
    return d_y * (gate.value + x * gate.slope * slope_at_0<S>() * (one + three * squared));
  }

 private:
  template <class S>
  POFT_FN static S slope_at_0() {
    return constant<S>(1.5957691216057308);  // sqrt(8 / pi)
  }
  template <class S>
  POFT_FN static S cubic() {
    return constant<S>(0.044715);
  }
};

///   forward    y   = gelu(x)              y is overwritten and may be x
///   backward   d_x = gelu'(x) d_y         from x; d_x is overwritten and may be d_y or x
template <class Backend>
struct gelu : elementwise<Backend, gelu_function> {};

}  // namespace poft::primitive
