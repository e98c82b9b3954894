// The hyperbolic tangent of every element: y = tanh(x), d_x = (1 - y^2) d_y; differentiated from y.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/core/config.hpp"
#include "poft/primitive/elementwise.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::primitive {

struct tanh_function {
  static constexpr char const* name = "tanh";

  template <class S>
  POFT_FN static S value(S x) {
    using poft::tanh;
    return tanh(x);
  }
  template <class S>
  POFT_FN static S derivative(S y, S d_y) {
    return d_y * (constant<S>(1) - y * y);
  }
};

template <class Backend>
struct tanh : elementwise<Backend, tanh_function> {};

}  // namespace poft::primitive
