// A function of every element and its derivative, from which activations are made: the default over rows.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/row.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::primitive {

template <class Function, class T>
struct value_of_each_element {
  view<T const, 2> x;
  view<T, 2> y;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T const> const from{x.row(r).data()};
    row<T> const to{y.row(r).data()};
    group.each(std::int64_t{0}, x.columns(), [=](auto i) { to.set(i, Function::value(from[i])); });
  }
};

template <class Function, class T>
struct derivative_of_each_element {
  view<T const, 2> kept, d_y;
  view<T, 2> d_x;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T const> const place{kept.row(r).data()}, upstream{d_y.row(r).data()};
    row<T> const to{d_x.row(r).data()};
    group.each(std::int64_t{0}, kept.columns(),
               [=](auto i) { to.set(i, Function::derivative(place[i], upstream[i])); });
  }
};

///   forward    y   = f(x)          x, y [rows, width]; y is overwritten and may be x
///   backward   d_x = f'(x) d_y     d_x is overwritten and may be d_y or kept
///
/// Function has value(x) and derivative(kept, d_y), templates over the scalar type. `kept` is y where f' can be
/// written in y (then x may be overwritten), else x; each function says which.
template <class Backend, class Function>
struct elementwise {
  template <class T>
  static void forward(Backend const& backend, std::type_identity_t<view<T const, 2>> x, view<T, 2> y) {
    require_shape(Function::name, "y", y, x.rows(), x.columns());
    backend.template for_rows<compute_t<T>>(x.rows(), x.columns(), value_of_each_element<Function, T>{x, y});
  }
  template <class T>
  static void backward(Backend const& backend, std::type_identity_t<view<T const, 2>> kept,
                       std::type_identity_t<view<T const, 2>> d_y, view<T, 2> d_x) {
    require_shape(Function::name, "d_y", d_y, kept.rows(), kept.columns());
    require_shape(Function::name, "d_x", d_x, kept.rows(), kept.columns());
    backend.template for_rows<compute_t<T>>(kept.rows(), kept.columns(),
                                            derivative_of_each_element<Function, T>{kept, d_y, d_x});
  }
};

}  // namespace poft::primitive
