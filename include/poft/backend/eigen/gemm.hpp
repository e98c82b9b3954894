// Matrix products of the Eigen backend: C is cut into pieces by its shape, and each is made on one thread.
// SPDX-License-Identifier: MIT
//
// Any number of threads gives the same bits: the pieces depend on the shape only, and where the depth is cut, too, partial
// sums are added in its order. That happens only where the depth is at least eight times the longer side of C, as in the
// gradients of small weights; else a row of C has the same bits whatever rows there are beside it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "poft/backend/eigen/blas_product.hpp"
#include "poft/backend/eigen/flags.hpp"
#include "poft/backend/eigen/lane_group.hpp"
#include "poft/backend/eigen/parallel.hpp"
#include "poft/backend/eigen/tiled_product.hpp"
#include "poft/backend/host_buffer.hpp"
#include "poft/core/bfloat16.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/gemm.hpp"

namespace poft::eigen {
inline namespace POFT_FLAGS {

/// What makes one piece.
#if defined(EIGEN_USE_BLAS)
template <class T>
using product_piece = blas_product<T>;
#else
template <class T>
using product_piece = tiled_product<T>;
#endif

/// How products are cut: extents of a piece, from the shape alone.
template <class T>
struct gemm_pieces {
  std::ptrdiff_t rows, columns, depth;  // of each, but the last ones
  std::ptrdiff_t down, across, deep;    // their numbers

  gemm_pieces(primitive::gemm_extents all, std::int64_t count) {
    // Each is worth a thread's start; if there is enough to do, there are enough for many threads.
    std::int64_t const wanted = std::min<std::int64_t>(16, count * all.rows * all.columns * all.depth >> 19);
    down                      = parts(all.rows, product_piece<T>::most_rows);
    across                    = parts(all.columns, product_piece<T>::most_columns);
    deep                      = 1;
    while (count * down * across < wanted && all.columns / across >= 192) across *= 2;
    // Only if there are very few: every row of pieces copies B.
    while (count * down * across < wanted / 4 && all.rows / down >= 128) down *= 2;
    if (all.depth >= 8 * std::max(all.rows, all.columns))
      deep = std::clamp<std::ptrdiff_t>(wanted / (count * down * across), 1, parts(all.depth, 512));
    cut(all.rows, 8, down, rows);
    cut(all.columns, 48, across, columns);
    cut(all.depth, 16, deep, depth);
  }

 private:
  static std::ptrdiff_t parts(std::ptrdiff_t extent, std::ptrdiff_t width) {
    return extent / width + (extent % width != 0);
  }
  /// About `number` equal widths, multiples of the granule.
  static void cut(std::ptrdiff_t extent, std::ptrdiff_t granule, std::ptrdiff_t& number,
                  std::ptrdiff_t& width) {
    width  = std::max<std::ptrdiff_t>(1, parts(parts(extent, number), granule)) * granule;
    number = std::max<std::ptrdiff_t>(1, parts(extent, width));
  }
};

/// The product of primitive/gemm.hpp.
template <class T>
void gemm(int threads, primitive::gemm_options const& options, view<T const, 2> a, view<T const, 2> b,
          view<T, 2> c) {
  auto const all = primitive::gemm_extents_of(options, a, b, c);
  if (c.empty()) return;
  gemm_pieces<T> const pieces(all, options.count);
  std::ptrdiff_t const layer = all.rows * all.columns;
  std::unique_ptr<T[]> const partial(
      pieces.deep > 1 ? new T[static_cast<std::size_t>(options.count * pieces.deep * layer)] : nullptr);

  for_each_piece(threads, options.count * pieces.deep * pieces.down * pieces.across, [&](std::int64_t n) {
    std::ptrdiff_t const j      = n % pieces.across * pieces.columns,
                         i      = n / pieces.across % pieces.down * pieces.rows,
                         layers = n / pieces.across / pieces.down, k = layers % pieces.deep * pieces.depth,
                         product = layers / pieces.deep;
    std::ptrdiff_t const rows    = std::min(pieces.rows, all.rows - i),
                         columns = std::min(pieces.columns, all.columns - j),
                         depth   = std::min(pieces.depth, all.depth - k);
    auto const part              = [](auto m, std::ptrdiff_t start, std::ptrdiff_t row, std::ptrdiff_t column,
                         std::ptrdiff_t height, std::ptrdiff_t width, bool transposed = false) {
      if (transposed) std::swap(row, column), std::swap(height, width);
      return decltype(m)(m.data() + start + row * m.row_stride() + column, height, width, m.row_stride());
    };
    auto const of_a = part(a, product * options.stride_a, i, k, rows, depth, options.transpose_a);
    auto const of_b = part(b, product * options.stride_b, k, j, depth, columns, options.transpose_b);
    if (!partial)
      return product_piece<T>::multiply(options, of_a, of_b,
                                        part(c, product * options.stride_c, i, j, rows, columns));
    auto once = options;
    once.beta = 0;
    view<T, 2> const sums(partial.get() + layers * layer, all.rows, all.columns);
    product_piece<T>::multiply(once, of_a, of_b, part(sums, 0, i, j, rows, columns));
  });
  if (!partial) return;

  for_each_piece(threads, options.count * all.rows, [&](std::int64_t n) {
    std::ptrdiff_t const product = n / all.rows, i = n % all.rows;
    T const* const from = partial.get() + product * pieces.deep * layer + i * all.columns;
    T* const to         = c.data() + product * options.stride_c + i * c.row_stride();
    lane_group<T>::each(0, all.columns, [&](auto at) {
      auto sum = at.load(from);
      for (std::ptrdiff_t k = 1; k < pieces.deep; ++k) sum = sum + at.load(from + k * layer);
      if (options.beta != 0) sum = pack<T>(static_cast<T>(options.beta)) * at.load(to) + sum;
      at.store(to, sum);
    });
  });
}

/// The same of bfloat16, into float or rounded once: by copies in float, which cost little beside the product itself. A CPU
/// that multiplies bfloat16 is not asked for.
template <class Out>
void gemm_through_float(int threads, primitive::gemm_options const& options, view<bfloat16 const, 2> a,
                        view<bfloat16 const, 2> b, view<Out, 2> c) {
  primitive::gemm_extents_of(options, a, b, c);
  if (c.empty()) return;
  auto const convert = [threads](auto from, auto to) {
    for_each_piece(threads, to.rows(), [&](std::int64_t r) {
      lane_group<float>::each(0, to.columns(),
                              [&](auto i) { i.store(to.row(r).data(), i.load(from.row(r).data())); });
    });
  };
  host_buffer<float> room_a(a.size()), room_b(b.size()),
      room_c(std::is_same_v<Out, float> ? std::int64_t{0} : c.size());
  view<float, 2> const of_a(room_a.data(), a.rows(), a.columns()), of_b(room_b.data(), b.rows(), b.columns());
  primitive::gemm_options once = options;
  once.count                   = 1;
  for (std::int64_t k = 0; k < options.count; ++k) {
    auto const its = [k](auto m, std::int64_t stride) {
      return decltype(m)(m.data() + k * stride, m.rows(), m.columns(), m.row_stride());
    };
    if (k == 0 || options.stride_a != 0) convert(its(a, options.stride_a), of_a);
    if (k == 0 || options.stride_b != 0) convert(its(b, options.stride_b), of_b);
    auto const to = its(c, options.stride_c);
    if constexpr (std::is_same_v<Out, float>) {
      gemm<float>(threads, once, of_a, of_b, to);
    } else {
      view<float, 2> const sums(room_c.data(), c.rows(), c.columns());
      if (options.beta != 0) convert(to, sums);
      gemm<float>(threads, once, of_a, of_b, sums);
      convert(sums, to);
    }
  }
}

}  // namespace POFT_FLAGS
}  // namespace poft::eigen
