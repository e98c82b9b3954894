// The linear layer: contract, and the default made of matrix products.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/column_sum.hpp"
#include "poft/primitive/networks.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/row.hpp"

namespace poft::primitive {

/// Row r of y before the product is added: the bias, the residual's row, or their sum.
template <class T>
struct linear_start_of_each_row {
  row<T const> first_bias;  // no data: none
  shift_of_row shift;
  view<T const, 2> residual;
  view<T, 2> y;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T> const to{y.row(r).data()};
    row<T const> const bias{first_bias.data ? first_bias.data + shift(r) : nullptr};
    row<T const> const from{residual.data() ? residual.row(r).data() : bias.data};
    row<T const> const added{residual.data() ? bias.data : nullptr};
    if (added.data) {
      group.each(std::int64_t{0}, y.columns(), [=](auto i) { to.set(i, from[i] + added[i]); });
    } else {
      group.each(std::int64_t{0}, y.columns(), [=](auto i) { to.set(i, from[i]); });
    }
  }
};

///   x [rows, inputs], W [outputs, inputs], b [outputs], y [rows, outputs]
///
///   forward        y   = x W^T + b                overwritten
///   forward_onto   y   = residual + x W^T + b     overwritten; residual [rows, outputs] may be y
///   backward       d_x = d_y W                    overwritten; an empty view leaves it out
///                  d_W += d_y^T x                 accumulated, in the compute type (float for bfloat16)
///                  d_b += sum_rows d_y            accumulated, as d_W
///
/// A layer without bias has empty views for b and d_b. Otherwise no output overlaps an input. W, b and their gradients are those
/// of the first of `all` networks, the rows those of all.
template <class Backend>
struct linear {
  template <class T>
  static void forward(Backend const& backend, std::type_identity_t<view<T const, 2>> x,
                      std::type_identity_t<view<T const, 2>> weight, std::type_identity_t<view<T const>> bias,
                      view<T, 2> y, networks const& all = {}) {
    multiply<T>("linear forward", backend, x, weight, bias, {}, y, all);
  }

  template <class T>
  static void forward_onto(Backend const& backend, std::type_identity_t<view<T const, 2>> x,
                           std::type_identity_t<view<T const, 2>> weight,
                           std::type_identity_t<view<T const>> bias,
                           std::type_identity_t<view<T const, 2>> residual, view<T, 2> y,
                           networks const& all = {}) {
    require_shape("linear forward_onto", "residual", residual, y.rows(), y.columns());
    multiply<T>("linear forward_onto", backend, x, weight, bias, residual, y, all);
  }

  template <class Stored, class T = std::remove_const_t<Stored>>
  static void backward(Backend const& backend, view<Stored, 2> x,
                       std::type_identity_t<view<T const, 2>> weight,
                       std::type_identity_t<view<T const, 2>> d_y, std::type_identity_t<view<T, 2>> d_x,
                       view<compute_t<T>, 2> d_weight, view<compute_t<T>> d_bias, networks const& all = {}) {
    require_shape("linear backward", "d_y", d_y, x.rows(), weight.rows());
    require_shape("linear backward", "weight", weight, d_y.columns(), x.columns());
    require_shape("linear backward", "d_weight", d_weight, weight.rows(), weight.columns());
    if (!d_bias.empty()) require_shape("linear backward", "d_bias", d_bias, weight.rows());
    if (!d_x.empty()) require_shape("linear backward", "d_x", d_x, x.rows(), x.columns());
    std::int64_t const rows          = all.rows_of_each("linear backward", x.rows());
    view<T const, 2> const first_d_y = d_y.subview(0, rows);
    std::int64_t const to_next_d_y   = rows * d_y.row_stride();
    backend.gemm({.transpose_a = true,
                  .beta        = 1,
                  .count       = all.count,
                  .stride_a    = to_next_d_y,
                  .stride_b    = rows * x.row_stride(),
                  .stride_c    = all.stride},
                 first_d_y, x.subview(0, rows), d_weight);
    if (!d_bias.empty()) column_sum<Backend>::accumulate(backend, d_y, d_bias, all);
    if (d_x.empty()) return;
    backend.gemm({.count    = all.count,
                  .stride_a = to_next_d_y,
                  .stride_b = all.stride,
                  .stride_c = rows * d_x.row_stride()},
                 first_d_y, weight, d_x.subview(0, rows));
  }

 private:
  template <class T>
  static void multiply(char const* operation, Backend const& backend, view<T const, 2> x,
                       view<T const, 2> weight, view<T const> bias, view<T const, 2> residual, view<T, 2> y,
                       networks const& all) {
    require_shape(operation, "weight", weight, y.columns(), x.columns());
    if (!bias.empty()) require_shape(operation, "bias", bias, y.columns());
    require_shape(operation, "y", y, x.rows(), weight.rows());
    bool const starts_somewhere = !bias.empty() || residual.data() != nullptr;
    bool const is_there         = bias.empty() && residual.data() == y.data();
    if (starts_somewhere && !is_there) {
      backend.template for_rows<compute_t<T>>(
          y.rows(), y.columns(),
          linear_start_of_each_row<T>{{bias.data()}, {operation, all, y.rows()}, residual, y});
    }
    std::int64_t const rows = all.rows_of_each(operation, x.rows());
    backend.gemm({.transpose_b = true,
                  .beta        = starts_somewhere ? 1.0 : 0.0,
                  .count       = all.count,
                  .stride_a    = rows * x.row_stride(),
                  .stride_b    = all.stride,
                  .stride_c    = rows * y.row_stride()},
                 x.subview(0, rows), weight, y.subview(0, rows));
  }
};

}  // namespace poft::primitive
