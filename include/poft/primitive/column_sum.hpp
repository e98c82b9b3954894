// Sums over the rows of a matrix: contract, and the default over strips of columns.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/networks.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/row.hpp"

namespace poft::primitive {

/// out_c += sum_r f(r, i), where i is the position of column c, or of a pack of columns. One call treats a
/// strip of columns of a network and goes down its rows in order, so the sum does not depend on how strips are given to
/// threads.
template <class T, class F>
struct column_sum_strip {
  static constexpr std::int64_t width = 64;

  std::int64_t rows, columns, stride;  // rows of a network, and from one's sums to the next one's
  F f;
  row<T> first_out;

  POFT_FN std::int64_t strips() const { return (columns + width - 1) / width; }

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t k) const {
    std::int64_t const network = k / strips(), begin = k % strips() * width, end = begin + width;
    row<T> const out{first_out.data + network * stride};
    group.each(begin, end < columns ? end : columns, [=, this](auto i) {
      auto sum = out[i];
      for (std::int64_t r = network * rows; r < (network + 1) * rows; ++r) sum = sum + f(r, i);
      out.set(i, sum);
    });
  }
};

/// Element (r, i) of a matrix.
template <class T>
struct element_of_matrix {
  view<T const, 2> x;

  template <class Index>
  POFT_FN auto operator()(std::int64_t r, Index i) const {
    return row<T const>{x.data() + r * x.row_stride()}[i];
  }
};

///   out[c] += sum_r x[r, c]        x [rows, columns], out [columns] of x's compute type, accumulated
template <class Backend>
struct column_sum {
  template <class T>
  static void accumulate(Backend const& backend, view<T const, 2> x, view<compute_t<T>> out,
                         networks const& all = {}) {
    require_shape("column_sum", "out", out, x.columns());
    accumulate_terms(backend, x.rows(), out, element_of_matrix<T>{x}, all);
  }

  /// out[c] += sum_r f(r, c) for a struct f that is called with a row number and a group's index.
  template <class T, class F>
  static void accumulate_terms(Backend const& backend, std::int64_t rows, view<T> out, F const& f,
                               networks const& all = {}) {
    using strip = column_sum_strip<T, F>;
    strip const sums{all.rows_of_each("column_sum", rows), out.size(), all.stride, f, {out.data()}};
    backend.template for_rows<T>(all.count * sums.strips(), strip::width * sums.rows, sums);
  }
};

}  // namespace poft::primitive
