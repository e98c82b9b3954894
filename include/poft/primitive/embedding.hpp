// Rows of a table, looked up by token: contract, and the default made of rows.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "poft/core/config.hpp"
#include "poft/core/error.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/row.hpp"

namespace poft::primitive {

template <class T>
struct embedding_each_row {
  row<std::int32_t const> tokens;
  view<T const, 2> table;
  view<T, 2> y;
  bool onto;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T const> const from{table.row(tokens.data[r]).data()};
    row<T> const to{y.row(r).data()};
    if (onto) {
      group.each(std::int64_t{0}, y.columns(), [=](auto i) { to.set(i, to[i] + from[i]); });
    } else {
      group.each(std::int64_t{0}, y.columns(), [=](auto i) { to.set(i, from[i]); });
    }
  }
};

template <class T>
struct embedding_backward_each_row {
  row<std::int64_t const> first, order;
  view<T const, 2> d_y;
  view<compute_t<T>, 2> d_table;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t token) const {
    row<compute_t<T>> const to{d_table.row(token).data()};
    for (std::int64_t k = first.data[token]; k < first.data[token + 1]; ++k) {
      row<T const> const from{d_y.row(order.data[k]).data()};
      group.each(std::int64_t{0}, d_y.columns(), [=](auto i) { to.set(i, to[i] + from[i]); });
    }
  }
};

///   tokens [rows], table [vocab, channels], y [rows, channels]
///
///   forward        y[r]  = table[tokens[r]]                             overwritten
///   forward_onto   y[r] += table[tokens[r]]                             accumulated
///   backward       d_table[t] += sum of d_y[r] over r with tokens[r] = t     accumulated, r ascending, in the compute type
///
/// No output overlaps an input. The host reads the tokens: each must be one of 0 .. vocab - 1, which is checked
/// before anything is written. The default's backward groups the rows by a stable counting sort in host memory of
/// vocab + rows numbers, so that each row of the table is one thread's.
template <class Backend>
struct embedding {
  template <class T>
  static void forward(Backend const& backend, indices<Backend, std::int32_t> tokens,
                      std::type_identity_t<view<T const, 2>> table, view<T, 2> y) {
    look_up("embedding forward", backend, tokens, table, y, false);
  }
  template <class T>
  static void forward_onto(Backend const& backend, indices<Backend, std::int32_t> tokens,
                           std::type_identity_t<view<T const, 2>> table, view<T, 2> y) {
    look_up("embedding forward_onto", backend, tokens, table, y, true);
  }

  template <class Stored>
  static void backward(Backend const& backend, indices<Backend, std::int32_t> tokens, view<Stored, 2> d_y,
                       view<compute_t<Stored>, 2> d_table) {
    view<std::int32_t const> const token_of_row = tokens.host();
    std::ptrdiff_t const vocab = d_table.rows(), rows = token_of_row.size();
    require_shape("embedding backward", "d_y", d_y, rows, d_table.columns());
    require_tokens("embedding backward", token_of_row, vocab);
    // order lists the rows token by token; token t has first[t] .. first[t + 1] - 1 of the list.
    std::vector<std::int64_t> first(static_cast<std::size_t>(vocab + 1)),
        order(static_cast<std::size_t>(rows));
    for (std::int32_t const token : token_of_row) ++first[static_cast<std::size_t>(token) + 1];
    for (std::size_t t = 1; t < first.size(); ++t) first[t] += first[t - 1];
    auto next = first;
    for (std::ptrdiff_t r = 0; r < rows; ++r) {
      order[static_cast<std::size_t>(next[static_cast<std::size_t>(token_of_row[r])]++)] = r;
    }
    backend_copy<Backend, std::int64_t> first_copy, order_copy;
    std::int64_t const rows_of_a_token = 1 + rows / std::max<std::ptrdiff_t>(1, vocab);
    backend.template for_rows<compute_t<Stored>>(
        vocab, rows_of_a_token * d_y.columns(),
        embedding_backward_each_row<std::remove_const_t<Stored>>{
            first_copy.send_indices(backend, first).there(), order_copy.send_indices(backend, order).there(),
            d_y, d_table});
  }

 private:
  static void require_tokens(char const* operation, view<std::int32_t const> tokens, std::ptrdiff_t vocab) {
    for (std::ptrdiff_t r = 0; r < tokens.size(); ++r) {
      if (tokens[r] < 0 || tokens[r] >= vocab) {
        throw value_error(
            message(operation, ": tokens[", r, "] is ", tokens[r], ", expected 0 .. ", vocab - 1));
      }
    }
  }
  template <class T>
  static void look_up(char const* operation, Backend const& backend, indices<Backend, std::int32_t> tokens,
                      view<T const, 2> table, view<T, 2> y, bool onto) {
    require_shape(operation, "y", y, tokens.host().size(), table.columns());
    require_tokens(operation, tokens.host(), table.rows());
    backend.template for_rows<compute_t<T>>(y.rows(), y.columns(),
                                            embedding_each_row<T>{tokens.there(), table, y, onto});
  }
};

}  // namespace poft::primitive
