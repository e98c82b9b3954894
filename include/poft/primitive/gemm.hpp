// The matrix product that every backend provides: its options, and the check of its shapes.
// SPDX-License-Identifier: MIT
//
//   C [rows, columns] = alpha op(A) [rows, depth] op(B) [depth, columns] + beta C
//
// Matrices are row-major views; their row strides are what BLAS calls leading dimensions. With beta = 0, C is
// only written, whatever it held. C overlaps neither A nor B. The three have one type, but for C of float with A and B of
// bfloat16. Products of bfloat16 are summed in float at least, and rounded once where C is of bfloat16, too.
#pragma once

#include <cstdint>

#include "poft/core/error.hpp"
#include "poft/core/view.hpp"

namespace poft::primitive {

struct gemm_options {
  /// op(A) is A transposed: A is stored as [depth, rows].
  bool transpose_a = false;
  /// op(B) is B transposed: B is stored as [columns, depth].
  bool transpose_b = false;
  double alpha     = 1;
  double beta      = 0;
  /// Products of a batch. The views are those of the first; the matrices of each next one lie `stride`
  /// elements further. A and B may be shared (stride 0).
  std::int64_t count    = 1;
  std::int64_t stride_a = 0;
  std::int64_t stride_b = 0;
  std::int64_t stride_c = 0;
};

struct gemm_extents {
  std::ptrdiff_t rows, columns, depth;
};

/// The extents that the views agree on; throws shape_error where they do not.
template <class T, class Out>
gemm_extents gemm_extents_of(gemm_options const& options, view<T const, 2> a, view<T const, 2> b,
                             view<Out, 2> c) {
  auto const inner_a = options.transpose_a ? a.rows() : a.columns();
  auto const outer_a = options.transpose_a ? a.columns() : a.rows();
  auto const inner_b = options.transpose_b ? b.columns() : b.rows();
  auto const outer_b = options.transpose_b ? b.rows() : b.columns();
  if (inner_a != inner_b || outer_a != c.rows() || outer_b != c.columns()) {
    throw shape_error(message("gemm: [", outer_a, ", ", inner_a, "] times [", inner_b, ", ", outer_b,
                              "] into [", c.rows(), ", ", c.columns(),
                              "], expected [rows, depth] times [depth, columns] into [rows, columns]"));
  }
  if (options.count < 0) throw value_error(message("gemm: count is ", options.count, ", expected >= 0"));
  // The products of a batch may stand side by side in the rows of one matrix.
  bool const side_by_side = options.stride_c >= c.columns() &&
                            (options.count - 1) * options.stride_c + c.columns() <= c.row_stride();
  if (options.count > 1 && !side_by_side &&
      options.stride_c < (c.rows() - 1) * c.row_stride() + c.columns()) {
    throw value_error(message("gemm: stride_c is ", options.stride_c, ", so that the products of a batch of ",
                              options.count, " overlap; expected at least ",
                              (c.rows() - 1) * c.row_stride() + c.columns()));
  }
  return {outer_a, outer_b, inner_a};
}

}  // namespace poft::primitive
