// Sums over the rows of a matrix: contract, and the default over strips of columns.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/row.hpp"

namespace poft::primitive {

/// out_c += sum_r f(r, i), where i is the position of column c, or of a pack of columns. One call treats a
/// strip of columns and goes down its rows in order, so the sum does not depend on how strips are given to
/// threads.
template <class T, class F>
struct column_sum_strip {
  static constexpr std::int64_t width = 64;

  std::int64_t rows, columns;
  F f;
  row<T> out;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t strip) const {
    std::int64_t const end = (strip + 1) * width;
    group.each(strip * width, end < columns ? end : columns, [this](auto i) {
      auto sum = out[i];
      for (std::int64_t r = 0; r < rows; ++r) sum = sum + f(r, i);
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
  static void accumulate(Backend const& backend, view<T const, 2> x, view<compute_t<T>> out) {
    require_shape("column_sum", "out", out, x.columns());
    accumulate_terms(backend, x.rows(), out, element_of_matrix<T>{x});
  }

  /// out[c] += sum_r f(r, c) for a struct f that is called with a row number and a group's index.
  template <class T, class F>
  static void accumulate_terms(Backend const& backend, std::int64_t rows, view<T> out, F const& f) {
    using strip = column_sum_strip<T, F>;
    backend.template for_rows<T>((out.size() + strip::width - 1) / strip::width, strip::width * rows,
                                 strip{rows, out.size(), f, {out.data()}});
  }
};

}  // namespace poft::primitive
