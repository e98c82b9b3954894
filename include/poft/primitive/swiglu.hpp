// The gated linear unit with silu: contract, and the default made of rows.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/row.hpp"
#include "poft/row/sigmoid_gate.hpp"

namespace poft::primitive {

template <class T>
struct swiglu_each_row {
  view<T const, 2> gate_up;
  view<T, 2> y;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T const> const gate{gate_up.row(r).data()}, up{gate.data + y.columns()};
    row<T> const to{y.row(r).data()};
    group.each(std::int64_t{0}, y.columns(), [=](auto i) {
      using S = decltype(gate[i]);
      to.set(i, gate[i] * sigmoid_gate<S>(gate[i]).value * up[i]);
    });
  }
};

template <class T>
struct swiglu_backward_each_row {
  view<T const, 2> gate_up, d_y;
  view<T, 2> d_gate_up;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T const> const gate{gate_up.row(r).data()}, up{gate.data + d_y.columns()},
        upstream{d_y.row(r).data()};
    row<T> const d_gate{d_gate_up.row(r).data()}, d_up{d_gate.data + d_y.columns()};
    group.each(std::int64_t{0}, d_y.columns(), [=](auto i) {
      using S = decltype(gate[i]);
      sigmoid_gate<S> const open(gate[i]);
      S const silu   = gate[i] * open.value;
      S const d_silu = upstream[i] * up[i];
      // Both written after all is read: d_gate_up may be gate_up.
      S const d = d_silu * (open.value + gate[i] * open.slope);
      d_up.set(i, upstream[i] * silu);
      d_gate.set(i, d);
    });
  }
};

/// Shazeer 2020, arXiv:2002.05202, eq. 6; gate_up [rows, 2 hidden] holds the gate, then what it gates.
///
///   forward    y      = silu(gate) up            y [rows, hidden], overwritten;  silu(g) = g sigmoid(g)
///   backward   d_gate = silu'(gate) up d_y       d_gate_up is overwritten and may be gate_up
///              d_up   = silu(gate) d_y
template <class Backend>
struct swiglu {
  template <class T>
  static void forward(Backend const& backend, std::type_identity_t<view<T const, 2>> gate_up, view<T, 2> y) {
    require_shape("swiglu forward", "gate_up", gate_up, y.rows(), 2 * y.columns());
    backend.template for_rows<compute_t<T>>(y.rows(), 2 * y.columns(), swiglu_each_row<T>{gate_up, y});
  }
  template <class T>
  static void backward(Backend const& backend, std::type_identity_t<view<T const, 2>> gate_up,
                       std::type_identity_t<view<T const, 2>> d_y, view<T, 2> d_gate_up) {
    require_shape("swiglu backward", "gate_up", gate_up, d_y.rows(), 2 * d_y.columns());
    require_shape("swiglu backward", "d_gate_up", d_gate_up, d_y.rows(), 2 * d_y.columns());
    backend.template for_rows<compute_t<T>>(d_y.rows(), 2 * d_y.columns(),
                                            swiglu_backward_each_row<T>{gate_up, d_y, d_gate_up});
  }
};

}  // namespace poft::primitive
