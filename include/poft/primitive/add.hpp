// The sum of two matrices, in the place of one: contract, and the default made of rows.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/row.hpp"

namespace poft::primitive {

template <class T>
struct add_each_row {
  view<T const, 2> x;
  view<T, 2> y;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T const> const from{x.row(r).data()};
    row<T> const to{y.row(r).data()};
    group.each(std::int64_t{0}, x.columns(), [=](auto i) { to.add(i, from[i]); });
  }
};

///   accumulate   y += x      x, y [rows, width]; x may be y
///
/// A sum's derivative is 1 for both terms: there is no backward.
template <class Backend>
struct add {
  template <class T>
  static void accumulate(Backend const& backend, std::type_identity_t<view<T const, 2>> x, view<T, 2> y) {
    require_shape("add", "y", y, x.rows(), x.columns());
    backend.template for_rows<compute_t<T>>(x.rows(), x.columns(), add_each_row<T>{x, y});
  }
};

}  // namespace poft::primitive
