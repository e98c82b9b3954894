// Matrix products of the Eigen backend: pieces cut by shape, each made of Eigen's kernels on one thread.
// SPDX-License-Identifier: MIT
//
// Eigen's product expressions are not used, for three reasons. They start threads of their own wherever some
// translation unit included Eigen with OpenMP, and then the sums depend on how many. Their instantiations are
// named alike in units of different -march, so that the linker would run one unit's code in the other. And
// they take their scratch memory from the heap. Here the loops over blocks are ours, around Eigen's packing
// and its block kernel.
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

/// How Eigen's kernels look at a matrix; a type of ours, so that they are instantiated once for each set of
/// flags.
template <class T, int Order>
struct product_matrix : Eigen::internal::blas_data_mapper<T, Eigen::Index, Order, Eigen::Unaligned, 1> {
  using Eigen::internal::blas_data_mapper<T, Eigen::Index, Order, Eigen::Unaligned, 1>::blas_data_mapper;

  product_matrix block(Eigen::Index i, Eigen::Index j) const {
    return product_matrix(const_cast<T*>(&(*this)(i, j)), this->stride());
  }
};

/// Extents of the blocks that are packed: one micro-panel of each fills most of the first-level cache, the
/// whole left block part of the second. Constants, so that the order of sums does not depend on the machine.
template <class T>
struct product_blocks {
  using traits = Eigen::internal::gebp_traits<T, T>;

  static constexpr Eigen::Index bytes = sizeof(T), left_panel = traits::mr, right_panel = traits::nr;
  static constexpr Eigen::Index depth = 26 * 1024 / (bytes * (left_panel + right_panel)) / 8 * 8;
  static constexpr Eigen::Index left =
      std::max(left_panel, 96 * 1024 / (bytes * depth) / left_panel * left_panel);
  static constexpr Eigen::Index right =
      std::max(right_panel, 128 * 1024 / (bytes * depth) / right_panel * right_panel);
};

/// C += alpha op(A) op(B) on the calling thread. Eigen's kernel has columns in memory, so it computes C^T =
/// op(B)^T op(A)^T: its left factor is B.
template <class T, bool TransposeA, bool TransposeB>
void add_product(primitive::gemm_extents extents, T alpha, view<T const, 2> a, view<T const, 2> b,
                 view<T, 2> c) {
  namespace internal = Eigen::internal;
  using Eigen::Index;
  using blocks              = product_blocks<T>;
  using traits              = typename blocks::traits;
  constexpr int left_order  = TransposeB ? Eigen::RowMajor : Eigen::ColMajor;
  constexpr int right_order = TransposeA ? Eigen::RowMajor : Eigen::ColMajor;
  using left_matrix         = product_matrix<T const, left_order>;
  using right_matrix        = product_matrix<T const, right_order>;
  using result_matrix       = product_matrix<T, Eigen::ColMajor>;
  internal::gemm_pack_lhs<T, Index, left_matrix, traits::mr, traits::LhsProgress,
                          typename traits::LhsPacket4Packing, left_order>
      pack_left;
  internal::gemm_pack_rhs<T, Index, right_matrix, traits::nr, right_order> pack_right;
  internal::gebp_kernel<T, T, Index, result_matrix, traits::mr, traits::nr, false, false> add_block;

  left_matrix const left(b.data(), b.row_stride());
  right_matrix const right(a.data(), a.row_stride());
  result_matrix const result(c.data(), c.row_stride());
  alignas(64) T packed_left[blocks::left * blocks::depth];
  alignas(64) T packed_right[blocks::right * blocks::depth];
  for (Index k = 0; k < extents.depth; k += blocks::depth) {
    Index const depth = std::min(blocks::depth, extents.depth - k);
    for (Index j = 0; j < extents.rows; j += blocks::right) {
      Index const columns = std::min(blocks::right, extents.rows - j);
      pack_right(packed_right, right.block(k, j), depth, columns);
      for (Index i = 0; i < extents.columns; i += blocks::left) {
        Index const rows = std::min(blocks::left, extents.columns - i);
        pack_left(packed_left, left.block(i, k), depth, rows);
        add_block(result.block(i, j), packed_left, packed_right, rows, depth, columns, alpha);
      }
    }
  }
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
  auto const add = options.transpose_a
                       ? (options.transpose_b ? add_product<T, true, true> : add_product<T, true, false>)
                       : (options.transpose_b ? add_product<T, false, true> : add_product<T, false, false>);
  add(extents, static_cast<T>(options.alpha), a, b, c);
}

/// The product of primitive/gemm.hpp, its longer side cut into pieces of at least a million multiplications.
template <class T>
void gemm(int threads, primitive::gemm_options const& options, view<T const, 2> a, view<T const, 2> b,
          view<T, 2> c) {
  auto const extents = primitive::gemm_extents_of(options, a, b, c);
  if (c.empty()) return;
  constexpr std::int64_t least_work = 1 << 20, granule = 48;
  bool const by_rows        = extents.rows >= extents.columns;
  std::int64_t const length = by_rows ? extents.rows : extents.columns;
  std::int64_t const across =
      (by_rows ? extents.columns : extents.rows) * std::max<std::int64_t>(1, extents.depth);
  std::int64_t const width  = (std::max(least_work / across, length / 32) / granule + 1) * granule;
  std::int64_t const pieces = (length + width - 1) / width;

  for_each_piece(threads, options.count * pieces, [&](std::int64_t k) {
    std::int64_t const product = k / pieces, first = k % pieces * width,
                       count = std::min(width, length - first);
    auto const part_of       = [&](auto m, std::int64_t stride, bool cut, bool cut_is_rows) {
      auto const start   = cut ? first * (cut_is_rows ? m.row_stride() : 1) : 0;
      auto const rows    = cut && cut_is_rows ? count : m.rows();
      auto const columns = cut && !cut_is_rows ? count : m.columns();
      return decltype(m)(m.data() + product * stride + start, rows, columns, m.row_stride());
    };
    gemm_piece<T>(options, {by_rows ? count : extents.rows, by_rows ? extents.columns : count, extents.depth},
                  part_of(a, options.stride_a, by_rows, !options.transpose_a),
                  part_of(b, options.stride_b, !by_rows, options.transpose_b),
                  part_of(c, options.stride_c, true, by_rows));
  });
}

}  // namespace POFT_FLAGS
}  // namespace poft::eigen
