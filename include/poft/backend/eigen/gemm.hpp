// Matrix products of the Eigen backend: work cut into pieces by shape, each piece one of Eigen's products on one thread.
// SPDX-License-Identifier: MIT
//
// Eigen's product expressions start threads of their own wherever Eigen was included with OpenMP, and the sums then depend
// on how many. EIGEN_DONT_PARALLELIZE would not help: another translation unit of the program may have been compiled
// without it. So the pieces call the sequential kernel below those expressions.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstdint>

#include "poft/backend/eigen/flags.hpp"
#include "poft/backend/eigen/parallel.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/gemm.hpp"

namespace poft::eigen {
inline namespace POFT_FLAGS {

/// C += alpha op(A) op(B) on the calling thread.
template <class T, int OrderA, int OrderB>
void add_product(primitive::gemm_extents extents, T alpha, view<T const, 2> a, view<T const, 2> b, view<T, 2> c) {
  using Eigen::Index;
  using kernel =
      Eigen::internal::general_matrix_matrix_product<Index, T, OrderA, false, T, OrderB, false, Eigen::RowMajor, 1>;
  using blocking_space =
      Eigen::internal::gemm_blocking_space<Eigen::RowMajor, T, T, Eigen::Dynamic, Eigen::Dynamic, Eigen::Dynamic>;
  blocking_space blocking(extents.rows, extents.columns, extents.depth, 1, true);
  kernel::run(extents.rows, extents.columns, extents.depth, a.data(), a.row_stride(), b.data(), b.row_stride(), c.data(), 1,
              c.row_stride(), alpha, blocking);
}

/// C = alpha op(A) op(B) + beta C on the calling thread.
template <class T>
void gemm_piece(primitive::gemm_options const& options, primitive::gemm_extents extents, view<T const, 2> a,
                view<T const, 2> b, view<T, 2> c) {
  if (options.beta != 1) {
    for (std::ptrdiff_t i = 0; i < c.rows(); ++i) {
      for (T& element : c.row(i)) element = options.beta == 0 ? T(0) : static_cast<T>(options.beta) * element;
    }
  }
  if (extents.depth == 0) return;
  constexpr int plain = Eigen::RowMajor, transposed = Eigen::ColMajor;
  auto const add = options.transpose_a
                       ? (options.transpose_b ? add_product<T, transposed, transposed> : add_product<T, transposed, plain>)
                       : (options.transpose_b ? add_product<T, plain, transposed> : add_product<T, plain, plain>);
  add(extents, static_cast<T>(options.alpha), a, b, c);
}

/// The product of primitive/gemm.hpp, its longer side cut into pieces of at least a million multiplications.
template <class T>
void gemm(int threads, primitive::gemm_options const& options, view<T const, 2> a, view<T const, 2> b, view<T, 2> c) {
  auto const extents = primitive::gemm_extents_of(options, a, b, c);
  if (c.empty()) return;
  constexpr std::int64_t least_work = 1 << 20, granule = 48;
  bool const by_rows        = extents.rows >= extents.columns;
  std::int64_t const length = by_rows ? extents.rows : extents.columns;
  std::int64_t const across = (by_rows ? extents.columns : extents.rows) * std::max<std::int64_t>(1, extents.depth);
  std::int64_t const width  = (std::max(least_work / across, length / 32) / granule + 1) * granule;
  std::int64_t const pieces = (length + width - 1) / width;

  for_each_piece(threads, options.count * pieces, [&](std::int64_t k) {
    std::int64_t const product = k / pieces, first = k % pieces * width, count = std::min(width, length - first);
    auto const part_of = [&](auto m, std::int64_t stride, bool cut, bool cut_is_rows) {
      auto const start   = cut ? first * (cut_is_rows ? m.row_stride() : 1) : 0;
      auto const rows    = cut && cut_is_rows ? count : m.rows();
      auto const columns = cut && !cut_is_rows ? count : m.columns();
      return decltype(m)(m.data() + product * stride + start, rows, columns, m.row_stride());
    };
    gemm_piece<T>(options, {by_rows ? count : extents.rows, by_rows ? extents.columns : count, extents.depth},
                  part_of(a, options.stride_a, by_rows, !options.transpose_a),
                  part_of(b, options.stride_b, !by_rows, options.transpose_b), part_of(c, options.stride_c, true, by_rows));
  });
}

}  // namespace POFT_FLAGS
}  // namespace poft::eigen
