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
#include "poft/primitive/networks.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/row.hpp"

namespace poft::primitive {

template <class T>
struct embedding_each_row {
  row<std::int32_t const> tokens;
  view<T const, 2> table;
  shift_of_row shift;
  view<T, 2> y;
  bool onto;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T const> const from{table.row(tokens.data[r]).data() + shift(r)};
    row<T> const to{y.row(r).data()};
    if (onto) {
      group.each(std::int64_t{0}, y.columns(), [=](auto i) { to.add(i, from[i]); });
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
  std::int64_t stride;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t entry) const {  // of the tables of all networks
    std::int64_t const network = entry / d_table.rows(), token = entry % d_table.rows();
    row<compute_t<T>> const to{d_table.row(token).data() + network * stride};
    for (std::int64_t k = first.data[entry]; k < first.data[entry + 1]; ++k) {
      row<T const> const from{d_y.row(order.data[k]).data()};
      group.each(std::int64_t{0}, d_y.columns(), [=](auto i) { to.add(i, from[i]); });
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
/// vocab + rows numbers, so that each row of the table is one thread's. The table is that of the first of `all` networks, the
/// rows those of all.
template <class Backend>
struct embedding {
  template <class T>
  static void forward(Backend const& backend, indices<Backend, std::int32_t> tokens,
                      std::type_identity_t<view<T const, 2>> table, view<T, 2> y, networks const& all = {}) {
    look_up("embedding forward", backend, tokens, table, y, false, all);
  }
  template <class T>
  static void forward_onto(Backend const& backend, indices<Backend, std::int32_t> tokens,
                           std::type_identity_t<view<T const, 2>> table, view<T, 2> y,
                           networks const& all = {}) {
    look_up("embedding forward_onto", backend, tokens, table, y, true, all);
  }

  template <class Stored>
  static void backward(Backend const& backend, indices<Backend, std::int32_t> tokens, view<Stored, 2> d_y,
                       view<compute_t<Stored>, 2> d_table, networks const& all = {}) {
    view<std::int32_t const> const token_of_row = tokens.host();
    std::ptrdiff_t const vocab = d_table.rows(), rows = token_of_row.size();
    std::int64_t const each = all.rows_of_each("embedding backward", rows), entries = all.count * vocab;
    require_shape("embedding backward", "d_y", d_y, rows, d_table.columns());
    require_tokens("embedding backward", token_of_row, vocab);
    // order lists the rows entry by entry of the tables; entry e has first[e] .. first[e + 1] - 1 of the list.
    std::vector<std::int64_t> first(static_cast<std::size_t>(entries + 1)),
        order(static_cast<std::size_t>(rows));
    auto const entry_of = [&](std::ptrdiff_t r) {
      return static_cast<std::size_t>(r / each * vocab + token_of_row[r]);
    };
    for (std::ptrdiff_t r = 0; r < rows; ++r) ++first[entry_of(r) + 1];
    for (std::size_t e = 1; e < first.size(); ++e) first[e] += first[e - 1];
    auto next = first;
    for (std::ptrdiff_t r = 0; r < rows; ++r) order[static_cast<std::size_t>(next[entry_of(r)]++)] = r;
    backend_copy<Backend, std::int64_t> first_copy, order_copy;
    std::int64_t const rows_of_an_entry = 1 + rows / std::max<std::int64_t>(1, entries);
    backend.template for_rows<compute_t<Stored>>(
        entries, rows_of_an_entry * d_y.columns(),
        embedding_backward_each_row<std::remove_const_t<Stored>>{
            first_copy.send_indices(backend, first).there(), order_copy.send_indices(backend, order).there(),
            d_y, d_table, all.stride});
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
                      view<T const, 2> table, view<T, 2> y, bool onto, networks const& all) {
    require_shape(operation, "y", y, tokens.host().size(), table.columns());
    require_tokens(operation, tokens.host(), table.rows());
    backend.template for_rows<compute_t<T>>(
        y.rows(), y.columns(),
        embedding_each_row<T>{tokens.there(), table, {operation, all, y.rows()}, y, onto});
  }
};

}  // namespace poft::primitive
