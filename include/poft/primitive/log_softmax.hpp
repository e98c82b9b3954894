// Log-probabilities of rows of logits: contract, and the default made of rows.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/log_softmax.hpp"
#include "poft/row/row.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::primitive {

template <class T>
struct log_softmax_each_row {
  view<T const, 2> x;
  view<T, 2> y;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T const> const logits{x.row(r).data()};
    row<T> const to{y.row(r).data()};
    auto const distribution = softmax_of(group, logits, x.columns());
    group.each(std::int64_t{0}, x.columns(), [=](auto i) { to.set(i, distribution.at(i).log_prob); });
  }
};

template <class T>
struct log_softmax_backward_each_row {
  view<T const, 2> y, d_y;
  view<T, 2> d_x;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T const> const log_prob{y.row(r).data()}, upstream{d_y.row(r).data()};
    row<T> const to{d_x.row(r).data()};
    compute_t<T> const total = group.sum(std::int64_t{0}, y.columns(), [=](auto i) { return upstream[i]; });
    group.each(std::int64_t{0}, y.columns(), [=](auto i) {
      using S = decltype(log_prob[i]);
      to.set(i, upstream[i] - exp(log_prob[i]) * S(total));
    });
  }
};

///   x, y [rows, vocab]
///
///   forward    y[r, v]   = x[r, v] - log sum_u exp x[r, u]            overwritten; y may be x
///   backward   d_x[r, v] = d_y[r, v] - exp(y[r, v]) sum_u d_y[r, u]   overwritten; d_x may be d_y
///
/// A logit of -inf is legal: its log-probability is -inf and it takes no part in the sums.
template <class Backend>
struct log_softmax {
  template <class T>
  static void forward(Backend const& backend, std::type_identity_t<view<T const, 2>> x, view<T, 2> y) {
    require_shape("log_softmax forward", "y", y, x.rows(), x.columns());
    backend.template for_rows<compute_t<T>>(x.rows(), x.columns(), log_softmax_each_row<T>{x, y});
  }
  template <class T>
  static void backward(Backend const& backend, std::type_identity_t<view<T const, 2>> y,
                       std::type_identity_t<view<T const, 2>> d_y, view<T, 2> d_x) {
    require_shape("log_softmax backward", "d_y", d_y, y.rows(), y.columns());
    require_shape("log_softmax backward", "d_x", d_x, y.rows(), y.columns());
    backend.template for_rows<compute_t<T>>(y.rows(), y.columns(),
                                            log_softmax_backward_each_row<T>{y, d_y, d_x});
  }
};

}  // namespace poft::primitive
