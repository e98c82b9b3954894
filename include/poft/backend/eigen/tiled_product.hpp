// A piece of a matrix product on one thread: tiles of C that stay in registers, and the copies of A and B that they read.
// SPDX-License-Identifier: MIT
//
// Written on packs instead of Eigen's kernel, for three reasons. On AVX-512 it does about 1.4 times as much per second
// (bench/README.md). Every element of C is summed in one lane, in the order of the depth: neither the tile that it falls
// into nor what lies beside it changes its bits. And units of different -march each have their own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "poft/backend/eigen/flags.hpp"
#include "poft/backend/eigen/lane_group.hpp"
#include "poft/backend/eigen/pack.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/gemm.hpp"

namespace poft::eigen {
inline namespace POFT_FLAGS {

/// Extents of a tile: its accumulators, a row of B's packs and one number of A fill the registers.
#if defined(__AVX512F__) && defined(__AVX512DQ__) || defined(__ARM_NEON)
inline constexpr int tile_rows = 8;  // 32 registers
#else
inline constexpr int tile_rows = 4;  // 16 registers
#endif
inline constexpr int tile_packs = 3;
template <class T>
inline constexpr std::ptrdiff_t tile_columns = tile_packs* pack<T>::size;

/// Terms of one sweep: as many rows of the copied B fit the first-level cache.
template <class T>
inline constexpr std::ptrdiff_t sweep_depth = 48 * 1024 /
                                              (tile_columns<T> * static_cast<std::ptrdiff_t>(sizeof(T)));

/// Rows of A: element (i, k) is data[i * row_step + k * depth_step].
template <class T>
struct left_factor {
  T const* data;
  std::ptrdiff_t row_step, depth_step;

  left_factor at(std::ptrdiff_t i, std::ptrdiff_t k) const {
    return {data + i * row_step + k * depth_step, row_step, depth_step};
  }
};

/// A tile of C [rows, columns], at most [tile_rows, tile_columns], = alpha A [rows, depth] B [depth, columns] + beta C; B
/// as copy_panel leaves it.
template <class T>
struct product_tile {
  std::ptrdiff_t rows, columns, depth;
  left_factor<T> a;
  T const* b;
  T* c;
  std::ptrdiff_t c_stride;
  T alpha, beta;
};

/// With loops that are unrolled, so that the sums stay in registers. Rows that the tile does not have repeat its last one
/// and are not stored.
template <int Rows, int Packs, class T>
[[gnu::flatten, gnu::noinline]] void multiply_tile_of(product_tile<T> const& tile) {
  using lanes = pack<T>;
  std::ptrdiff_t offset[Rows];
  for (int r = 0; r < Rows; ++r) offset[r] = std::min<std::ptrdiff_t>(r, tile.rows - 1) * tile.a.row_step;
  for (int r = 0; r < tile.rows; ++r) {
    for (int p = 0; p < Packs; ++p) __builtin_prefetch(tile.c + r * tile.c_stride + p * lanes::size, 1);
  }
  lanes sum[Rows][Packs];
#pragma GCC unroll 8
  for (auto& row : sum) {
#pragma GCC unroll 8
    for (auto& s : row) s = lanes(T(0));
  }
  T const *left = tile.a.data, *right = tile.b;
  for (std::ptrdiff_t k = 0; k < tile.depth; ++k, left += tile.a.depth_step, right += Packs * lanes::size) {
    lanes y[Packs];
#pragma GCC unroll 8
    for (int p = 0; p < Packs; ++p) y[p] = lanes::load(right + p * lanes::size);
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      lanes const x(left[offset[r]]);
#pragma GCC unroll 8
      for (int p = 0; p < Packs; ++p) sum[r][p] = lanes::multiply_add(x, y[p], sum[r][p]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    if (r >= tile.rows) break;
    T* const to = tile.c + r * tile.c_stride;
#pragma GCC unroll 8
    for (int p = 0; p < Packs; ++p) {
      auto const store = [&](auto i) {
        lanes const scaled = lanes(tile.alpha) * sum[r][p];
        i.store(to, tile.beta == T(0) ? scaled : lanes::multiply_add(lanes(tile.beta), i.load(to), scaled));
      };
      int const first = p * lanes::size;
      if (first + lanes::size <= tile.columns) {
        store(pack_index<T>{first});
      } else if (first < tile.columns) {
        store(tail_index<T>{first, static_cast<int>(tile.columns - first)});
      }
    }
  }
}

template <class T>
void multiply_tile(product_tile<T> const& tile) {
  auto const of_rows = [&]<int Rows>(std::integral_constant<int, Rows>) {
    static_assert(tile_packs == 3);
    tile.columns > 2 * pack<T>::size ? multiply_tile_of<Rows, 3>(tile)
    : tile.columns > pack<T>::size   ? multiply_tile_of<Rows, 2>(tile)
                                     : multiply_tile_of<Rows, 1>(tile);
  };
  tile.rows > tile_rows / 2 ? of_rows(std::integral_constant<int, tile_rows>{})
                            : of_rows(std::integral_constant<int, tile_rows / 2>{});
}

/// Lane l of a changes places with lane l - N of b, for all l that have the bit N.
template <int N, class Vector, int... L>
POFT_FN void exchange_lanes(Vector& a, Vector& b, std::integer_sequence<int, L...>) {
  constexpr int size = sizeof...(L);
  Vector const x = a, y = b;
  a = __builtin_shufflevector(x, y, (L & N ? size + L - N : L)...);
  b = __builtin_shufflevector(x, y, (L & N ? size + L : L + N)...);
}

/// Exchanges bit N of the row's number with that of the lane's; done for every bit, that transposes the square.
template <int N, class T>
POFT_FN void transpose_lanes(pack<T> (&square)[pack<T>::size]) {
#pragma GCC unroll 16
  for (int i = 0; i < pack<T>::size; ++i) {
    if ((i & N) == 0)
      exchange_lanes<N>(square[i].lanes, square[i + N].lanes,
                        std::make_integer_sequence<int, pack<T>::size>{});
  }
  if constexpr (N > 1) transpose_lanes<N / 2>(square);
}

/// Copies the columns of op(B) that one tile reads, [depth, columns], to rows of whole packs, one after the other. The
/// lanes beyond `columns` repeat the last one.
template <bool Transposed, class T>
[[gnu::flatten, gnu::noinline]] void copy_panel(T const* b, std::ptrdiff_t b_stride, std::ptrdiff_t depth,
                                                std::ptrdiff_t columns, T* to) {
  constexpr int size         = pack<T>::size;
  std::ptrdiff_t const width = (columns + size - 1) / size * size;
  if constexpr (!Transposed) {
    for (std::ptrdiff_t k = 0; k < depth; ++k) {
      lane_group<T>::each(0, columns,
                          [&](auto i) { i.load(b + k * b_stride).store(to + k * width + i.first); });
    }
  } else {
    for (std::ptrdiff_t j = 0; j < columns; j += size) {
      auto const column = [&](std::ptrdiff_t l) { return b + std::min(j + l, columns - 1) * b_stride; };
      std::ptrdiff_t k  = 0;
      for (; k + size <= depth; k += size) {
        pack<T> square[size];
#pragma GCC unroll 16
        for (int l = 0; l < size; ++l) square[l] = pack<T>::load(column(l) + k);
        transpose_lanes<size / 2>(square);
#pragma GCC unroll 16
        for (int l = 0; l < size; ++l) square[l].store(to + (k + l) * width + j);
      }
      for (; k < depth; ++k) {
        for (std::ptrdiff_t l = 0; l < size; ++l) to[k * width + j + l] = column(l)[k];
      }
    }
  }
}

/// C = alpha op(A) op(B) + beta C on the calling thread. With what one sweep needs of A, the largest C stays in the
/// second-level cache.
template <class T>
struct tiled_product {
  static constexpr std::ptrdiff_t most_rows = 1024 / sizeof(T), most_columns = 1920 / sizeof(T);

  static void multiply(primitive::gemm_options const& options, view<T const, 2> a, view<T const, 2> b,
                       view<T, 2> c) {
    constexpr std::ptrdiff_t size = pack<T>::size;
    std::ptrdiff_t const depth    = options.transpose_a ? a.rows() : a.columns();
    left_factor<T> const left{a.data(), options.transpose_a ? 1 : a.row_stride(),
                              options.transpose_a ? a.row_stride() : 1};
    alignas(64) T panel[sweep_depth<T> * tile_columns<T>];
    alignas(64) T rows_of_a[sweep_depth<T> * (most_rows + size)];

    for (std::ptrdiff_t k = 0; k < depth || k == 0; k += sweep_depth<T>) {
      std::ptrdiff_t const deep = std::min(sweep_depth<T>, depth - k);
      T const beta              = k == 0 ? static_cast<T>(options.beta) : T(1);
      left_factor<T> swept      = left.at(0, k);
      if (options.transpose_a && c.columns() > 2 * tile_columns<T>) {
        // Read by several tiles. Rows that lie far apart in memory share few places of the cache; a copy's rows do not.
        std::ptrdiff_t const stride = c.rows() + size;
        for (std::ptrdiff_t l = 0; l < deep; ++l)
          std::copy_n(swept.data + l * a.row_stride(), c.rows(), rows_of_a + l * stride);
        swept = {rows_of_a, 1, stride};
      }
      for (std::ptrdiff_t j = 0, columns = 0; j < c.columns(); j += columns) {
        // The packs that are left are spread evenly over as few tiles as possible.
        std::ptrdiff_t const packs = (c.columns() - j + size - 1) / size,
                             tiles = (packs + tile_packs - 1) / tile_packs,
                             wide  = (packs + tiles - 1) / tiles;
        columns                    = std::min(wide * size, c.columns() - j);
        if (options.transpose_b) {
          copy_panel<true>(b.data() + j * b.row_stride() + k, b.row_stride(), deep, columns, panel);
        } else {
          copy_panel<false>(b.data() + k * b.row_stride() + j, b.row_stride(), deep, columns, panel);
        }
        for (std::ptrdiff_t i = 0; i < c.rows(); i += tile_rows) {
          multiply_tile(product_tile<T>{std::min<std::ptrdiff_t>(tile_rows, c.rows() - i), columns, deep,
                                        swept.at(i, 0), panel, &c(i, j), c.row_stride(),
                                        static_cast<T>(options.alpha), beta});
        }
      }
    }
  }
};

}  // namespace POFT_FLAGS
}  // namespace poft::eigen
