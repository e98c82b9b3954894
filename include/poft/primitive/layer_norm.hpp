// Layer normalisation: contract, and the default made of rows.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/column_sum.hpp"
#include "poft/primitive/networks.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/layer_norm.hpp"
#include "poft/row/row.hpp"

namespace poft::primitive {

template <class T>
struct layer_norm_each_row {
  view<T const, 2> x;
  row<T const> gain, bias;
  shift_of_row shift;
  compute_t<T> epsilon;
  view<T, 2> y;
  row<row_moments<compute_t<T>>> moments;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    std::int64_t const own = shift(r);
    auto const found       = layer_norm_row<Group, T>(group, {x.row(r).data()}, {gain.data + own},
                                                {bias.data + own}, {y.row(r).data()}, x.columns(), epsilon);
    group.once([&] { moments.data[r] = found; });
  }
};

template <class T, bool Onto>
struct layer_norm_backward_each_row {
  view<T const, 2> x;
  row<row_moments<compute_t<T>> const> moments;
  row<T const> gain;
  shift_of_row shift;
  view<T const, 2> d_y;
  view<T, 2> d_x;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    layer_norm_backward_row<Group, T, Onto>(group, {x.row(r).data()}, moments.data[r], {gain.data + shift(r)},
                                            {d_y.row(r).data()}, {d_x.row(r).data()}, x.columns());
  }
};

/// Element (r, i) of d_y times the normalised input.
template <class T>
struct layer_norm_gain_term {
  view<T const, 2> x;
  row<row_moments<compute_t<T>> const> moments;
  view<T const, 2> d_y;

  template <class Index>
  POFT_FN auto operator()(std::int64_t r, Index i) const {
    auto const value = row<T const>{x.row(r).data()}[i];
    using S          = decltype(value + value);
    auto const n     = (value - S(moments.data[r].mean)) * S(moments.data[r].inverse_deviation);
    return n * row<T const>{d_y.row(r).data()}[i];
  }
};

///   x, y [rows, width], gain, bias [width]; moments [rows] and d_gain, d_bias [width] of the compute type
///
///   forward    y = gain (x - mean) / sqrt(variance + epsilon) + bias    overwritten; y may be x
///              moments = mean and 1 / sqrt(variance + epsilon)          overwritten
///   backward   d_x                                                      overwritten; may be d_y
///              d_gain += sum_rows d_y (x - mean) / sqrt(...)            accumulated
///              d_bias += sum_rows d_y                                   accumulated
///   backward<true>   the same, d_x accumulated, where it holds the derivative by a residual; not d_y
///
/// Gain, bias and their gradients are those of the first of `all` networks, the rows those of all.
template <class Backend>
struct layer_norm {
  template <class T>
  static void forward(Backend const& backend, std::type_identity_t<view<T const, 2>> x,
                      std::type_identity_t<view<T const>> gain, std::type_identity_t<view<T const>> bias,
                      double epsilon, view<T, 2> y, view<row_moments<compute_t<T>>> moments,
                      networks const& all = {}) {
    require_shape("layer_norm forward", "gain", gain, x.columns());
    require_shape("layer_norm forward", "bias", bias, x.columns());
    require_shape("layer_norm forward", "y", y, x.rows(), x.columns());
    require_shape("layer_norm forward", "moments", moments, x.rows());
    if (!(epsilon >= 0))
      throw value_error(message("layer_norm forward: epsilon is ", epsilon, ", expected >= 0"));
    backend.template for_rows<compute_t<T>>(x.rows(), x.columns(),
                                            layer_norm_each_row<T>{x,
                                                                   {gain.data()},
                                                                   {bias.data()},
                                                                   {"layer_norm forward", all, x.rows()},
                                                                   static_cast<compute_t<T>>(epsilon),
                                                                   y,
                                                                   {moments.data()}});
  }

  template <bool Onto = false, class T>
  static void backward(Backend const& backend, std::type_identity_t<view<T const, 2>> x,
                       view<row_moments<compute_t<T>> const> moments,
                       std::type_identity_t<view<T const>> gain, std::type_identity_t<view<T const, 2>> d_y,
                       view<T, 2> d_x, view<compute_t<T>> d_gain, view<compute_t<T>> d_bias,
                       networks const& all = {}) {
    require_shape("layer_norm backward", "moments", moments, x.rows());
    require_shape("layer_norm backward", "gain", gain, x.columns());
    require_shape("layer_norm backward", "d_y", d_y, x.rows(), x.columns());
    require_shape("layer_norm backward", "d_x", d_x, x.rows(), x.columns());
    require_shape("layer_norm backward", "d_gain", d_gain, x.columns());
    // The sums first: d_x may overwrite d_y.
    column_sum<Backend>::accumulate(backend, d_y, d_bias, all);
    column_sum<Backend>::accumulate_terms(backend, x.rows(), d_gain,
                                          layer_norm_gain_term<T>{x, {moments.data()}, d_y}, all);
    backend.template for_rows<compute_t<T>>(
        x.rows(), x.columns(),
        layer_norm_backward_each_row<T, Onto>{
            x, {moments.data()}, {gain.data()}, {"layer_norm backward", all, x.rows()}, d_y, d_x});
  }
};

}  // namespace poft::primitive
