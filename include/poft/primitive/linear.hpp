// The linear layer: contract, and the default made of matrix products.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/column_sum.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/row.hpp"

namespace poft::primitive {

template <class T>
struct copy_to_every_row {
  row<T const> from;
  view<T, 2> to;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T> const target{to.data() + r * to.row_stride()};
    group.each(std::int64_t{0}, to.columns(), [=, this](auto i) { target.set(i, from[i]); });
  }
};

///   x [rows, inputs], W [outputs, inputs], b [outputs], y [rows, outputs]
///
///   forward    y   = x W^T + b          overwritten
///   backward   d_x = d_y W              overwritten; an empty view leaves it out
///              d_W += d_y^T x           accumulated
///              d_b += sum_rows d_y      accumulated
///
/// No output overlaps an input.
template <class Backend>
struct linear {
  template <class T>
  static void forward(Backend const& backend, std::type_identity_t<view<T const, 2>> x,
                      std::type_identity_t<view<T const, 2>> weight, std::type_identity_t<view<T const>> bias,
                      view<T, 2> y) {
    require_shape("linear forward", "weight", weight, y.columns(), x.columns());
    require_shape("linear forward", "bias", bias, y.columns());
    require_shape("linear forward", "y", y, x.rows(), weight.rows());
    backend.template for_rows<T>(y.rows(), y.columns(), copy_to_every_row<T>{{bias.data()}, y});
    backend.gemm({.transpose_b = true, .beta = 1}, x, weight, y);
  }

  template <class T>
  static void backward(Backend const& backend, std::type_identity_t<view<T const, 2>> x,
                       std::type_identity_t<view<T const, 2>> weight,
                       std::type_identity_t<view<T const, 2>> d_y, std::type_identity_t<view<T, 2>> d_x,
                       view<T, 2> d_weight, std::type_identity_t<view<T>> d_bias) {
    require_shape("linear backward", "d_y", d_y, x.rows(), weight.rows());
    require_shape("linear backward", "weight", weight, d_y.columns(), x.columns());
    require_shape("linear backward", "d_weight", d_weight, weight.rows(), weight.columns());
    require_shape("linear backward", "d_bias", d_bias, weight.rows());
    backend.gemm({.transpose_a = true, .beta = 1}, d_y, x, d_weight);
    column_sum<Backend>::accumulate(backend, d_y, d_bias);
    if (d_x.data() == nullptr) return;
    require_shape("linear backward", "d_x", d_x, x.rows(), x.columns());
    backend.gemm({}, d_y, weight, d_x);
  }
};

}  // namespace poft::primitive
