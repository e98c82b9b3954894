// Layers of several networks of one shape at once: each treats its own rows with its own parameters.
// SPDX-License-Identifier: MIT
//
// The primitives' rows and products, but for where a network's parameters are: those of the next lie `stride` elements on, the
// rows of the next follow its own. One network is the primitive itself.
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/column_sum.hpp"
#include "poft/primitive/layer_norm.hpp"
#include "poft/primitive/linear.hpp"
#include "poft/row/row.hpp"

namespace poft::bandit {

/// Weights [outputs, inputs] and biases [outputs] of one linear layer.
template <class T>
struct linear_parameters {
  view<T, 2> weight;
  view<T> bias;
};

struct networks {
  std::int64_t count = 1, stride = 0;
};

namespace detail {

/// Row r of the network that it belongs to.
template <class T, class Rows>
struct row_of_each {
  Rows first;  // with the first network's parameters
  std::int64_t rows, stride;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    std::int64_t const shift = r / rows * stride;
    Rows own                 = first;
    if constexpr (requires { own.gain; }) own.gain.data += shift;
    if constexpr (requires { own.bias; }) own.bias.data += shift;
    own(group, r);
  }
};

/// f(first + r, i)
template <class F>
struct from_row {
  F f;
  std::int64_t first;

  template <class Index>
  POFT_FN auto operator()(std::int64_t r, Index i) const {
    return f(first + r, i);
  }
};
template <class T, class F>
struct column_sum_of_each {
  std::int64_t rows, columns, stride;
  F f;
  row<T> out;

  using strip = primitive::column_sum_strip<T, from_row<F>>;
  POFT_FN std::int64_t strips() const { return (columns + strip::width - 1) / strip::width; }

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t k) const {
    std::int64_t const n = k / strips();
    strip{rows, columns, {f, n * rows}, {out.data + n * stride}}(group, k % strips());
  }
};

}  // namespace detail

/// Calls as the primitives', behind the networks; the parameters are the first one's.
template <class Backend>
struct side_by_side {
  template <class T>
  static void linear_forward(Backend const& b, networks const& all, view<T const, 2> x,
                             linear_parameters<T> const& p, view<T, 2> y) {
    if (all.count == 1) return primitive::linear<Backend>::forward(b, x, p.weight, p.bias, y);
    std::int64_t const rows = x.rows() / all.count;
    using start             = primitive::linear_start_of_each_row<T>;
    b.template for_rows<T>(y.rows(), y.columns(),
                           detail::row_of_each<T, start>{{{p.bias.data()}, {}, y}, rows, all.stride});
    b.gemm({.transpose_b = true,
            .beta        = 1,
            .count       = all.count,
            .stride_a    = rows * x.columns(),
            .stride_b    = all.stride,
            .stride_c    = rows * y.columns()},
           x.subview(0, rows), view<T const, 2>(p.weight), y.subview(0, rows));
  }

  template <class T>
  static void linear_backward(Backend const& b, networks const& all, view<T const, 2> x,
                              linear_parameters<T> const& p, view<T const, 2> d_y, view<T, 2> d_x,
                              linear_parameters<T> const& d) {
    if (all.count == 1) {
      return primitive::linear<Backend>::backward(b, x, p.weight, d_y, d_x, d.weight, d.bias);
    }
    std::int64_t const rows          = x.rows() / all.count;
    view<T const, 2> const first_d_y = d_y.subview(0, rows);
    b.gemm({.transpose_a = true,
            .beta        = 1,
            .count       = all.count,
            .stride_a    = rows * d_y.columns(),
            .stride_b    = rows * x.columns(),
            .stride_c    = all.stride},
           first_d_y, x.subview(0, rows), d.weight);
    column_sum(b, all, x.rows(), d.bias, primitive::element_of_matrix<T>{d_y});
    if (d_x.empty()) return;
    b.gemm({.count    = all.count,
            .stride_a = rows * d_y.columns(),
            .stride_b = all.stride,
            .stride_c = rows * d_x.columns()},
           first_d_y, view<T const, 2>(p.weight), d_x.subview(0, rows));
  }

  template <class T>
  static void layer_norm_forward(Backend const& b, networks const& all, view<T const, 2> x,
                                 view<T const> gain, view<T const> bias, double epsilon, view<T, 2> y,
                                 view<row_moments<T>> moments) {
    if (all.count == 1) {
      return primitive::layer_norm<Backend>::forward(b, x, gain, bias, epsilon, y, moments);
    }
    using rows = primitive::layer_norm_each_row<T>;
    b.template for_rows<T>(
        x.rows(), x.columns(),
        detail::row_of_each<T, rows>{
            {x, {gain.data()}, {bias.data()}, static_cast<T>(epsilon), y, {moments.data()}},
            x.rows() / all.count,
            all.stride});
  }

  template <class T>
  static void layer_norm_backward(Backend const& b, networks const& all, view<T const, 2> x,
                                  view<row_moments<T> const> moments, view<T const> gain,
                                  view<T const, 2> d_y, view<T, 2> d_x, view<T> d_gain, view<T> d_bias) {
    if (all.count == 1) {
      return primitive::layer_norm<Backend>::backward(b, x, moments, gain, d_y, d_x, d_gain, d_bias);
    }
    // The sums first: d_x may overwrite d_y.
    column_sum(b, all, x.rows(), d_bias, primitive::element_of_matrix<T>{d_y});
    column_sum(b, all, x.rows(), d_gain, primitive::layer_norm_gain_term<T>{x, {moments.data()}, d_y});
    using rows = primitive::layer_norm_backward_each_row<T>;
    b.template for_rows<T>(
        x.rows(), x.columns(),
        detail::row_of_each<T, rows>{
            {x, {moments.data()}, {gain.data()}, d_y, d_x}, x.rows() / all.count, all.stride});
  }

 private:
  template <class T, class F>
  static void column_sum(Backend const& b, networks const& all, std::int64_t rows, view<T> out, F const& f) {
    using of_each = detail::column_sum_of_each<T, F>;
    of_each const sums{rows / all.count, out.size(), all.stride, f, {out.data()}};
    b.template for_rows<T>(all.count * sums.strips(), of_each::strip::width * sums.rows, sums);
  }
};

}  // namespace poft::bandit
