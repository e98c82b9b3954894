// Root-mean-square normalisation: contract, and the default made of rows.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/column_sum.hpp"
#include "poft/primitive/networks.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/rms_norm.hpp"
#include "poft/row/row.hpp"

namespace poft::primitive {

template <class T>
struct rms_norm_each_row {
  view<T const, 2> x;
  row<T const> gain;
  shift_of_row shift;
  compute_t<T> epsilon;
  view<T, 2> y;
  row<compute_t<T>> inverse_rms;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    auto const found = rms_norm_row<Group, T>(group, {x.row(r).data()}, {gain.data + shift(r)},
                                              {y.row(r).data()}, x.columns(), epsilon);
    group.once([&] { inverse_rms.data[r] = found; });
  }
};

template <class T, bool Onto>
struct rms_norm_backward_each_row {
  view<T const, 2> x;
  row<compute_t<T> const> inverse_rms;
  row<T const> gain;
  shift_of_row shift;
  view<T const, 2> d_y;
  view<T, 2> d_x;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    rms_norm_backward_row<Group, T, Onto>(group, {x.row(r).data()}, inverse_rms.data[r],
                                          {gain.data + shift(r)}, {d_y.row(r).data()}, {d_x.row(r).data()},
                                          x.columns());
  }
};

/// Element (r, i) of d_y times the normalised input.
template <class T>
struct rms_norm_gain_term {
  view<T const, 2> x;
  row<compute_t<T> const> inverse_rms;
  view<T const, 2> d_y;

  template <class Index>
  POFT_FN auto operator()(std::int64_t r, Index i) const {
    auto const value = row<T const>{x.row(r).data()}[i];
    using S          = decltype(value + value);
    return value * S(inverse_rms.data[r]) * row<T const>{d_y.row(r).data()}[i];
  }
};

///   x, y [rows, width], gain [width], inverse_rms [rows] and d_gain [width] of the compute type
///
///   forward    y = gain x / sqrt(mean x^2 + epsilon)             overwritten; y may be x
///              inverse_rms = 1 / sqrt(mean x^2 + epsilon)        overwritten
///   backward   d_x                                               overwritten; may be d_y
///              d_gain += sum_rows d_y x inverse_rms              accumulated
///   backward<true>   the same, d_x accumulated, where it holds the derivative by a residual; not d_y
///
/// Gain and d_gain are those of the first of `all` networks, the rows those of all.
template <class Backend>
struct rms_norm {
  template <class T>
  static void forward(Backend const& backend, std::type_identity_t<view<T const, 2>> x,
                      std::type_identity_t<view<T const>> gain, double epsilon, view<T, 2> y,
                      view<compute_t<T>> inverse_rms, networks const& all = {}) {
    require_shape("rms_norm forward", "gain", gain, x.columns());
    require_shape("rms_norm forward", "y", y, x.rows(), x.columns());
    require_shape("rms_norm forward", "inverse_rms", inverse_rms, x.rows());
    if (!(epsilon >= 0))
      throw value_error(message("rms_norm forward: epsilon is ", epsilon, ", expected >= 0"));
    backend.template for_rows<compute_t<T>>(x.rows(), x.columns(),
                                            rms_norm_each_row<T>{x,
                                                                 {gain.data()},
                                                                 {"rms_norm forward", all, x.rows()},
                                                                 static_cast<compute_t<T>>(epsilon),
                                                                 y,
                                                                 {inverse_rms.data()}});
  }

  template <bool Onto = false, class T>
  static void backward(Backend const& backend, std::type_identity_t<view<T const, 2>> x,
                       view<compute_t<T> const> inverse_rms, std::type_identity_t<view<T const>> gain,
                       std::type_identity_t<view<T const, 2>> d_y, view<T, 2> d_x, view<compute_t<T>> d_gain,
                       networks const& all = {}) {
    require_shape("rms_norm backward", "inverse_rms", inverse_rms, x.rows());
    require_shape("rms_norm backward", "gain", gain, x.columns());
    require_shape("rms_norm backward", "d_y", d_y, x.rows(), x.columns());
    require_shape("rms_norm backward", "d_x", d_x, x.rows(), x.columns());
    require_shape("rms_norm backward", "d_gain", d_gain, x.columns());
    // The sum first: d_x may overwrite d_y.
    column_sum<Backend>::accumulate_terms(backend, x.rows(), d_gain,
                                          rms_norm_gain_term<T>{x, {inverse_rms.data()}, d_y}, all);
    backend.template for_rows<compute_t<T>>(
        x.rows(), x.columns(),
        rms_norm_backward_each_row<T, Onto>{
            x, {inverse_rms.data()}, {gain.data()}, {"rms_norm backward", all, x.rows()}, d_y, d_x});
  }
};

}  // namespace poft::primitive
