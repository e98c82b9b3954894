// The rectifier: y = max(0, x), d_x = d_y where y > 0 and 0 elsewhere; differentiated from y.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/core/config.hpp"
#include "poft/primitive/elementwise.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::primitive {

struct relu_function {
  static constexpr char const* name = "relu";

  template <class S>
  POFT_FN static S value(S x) {
    return max(constant<S>(0), x);
  }
  template <class S>
  POFT_FN static S derivative(S y, S d_y) {
    return select(y > constant<S>(0), d_y, constant<S>(0));
  }
};

template <class Backend>
struct relu : elementwise<Backend, relu_function> {};

}  // namespace poft::primitive
