// Tiles of matrices held by the warps of a block: sums in registers, operands in shared memory, products of the two.
// SPDX-License-Identifier: MIT
//
// A tile algorithm is a template over a group, as row algorithms are (row/row.hpp), and is written in these words:
//
//   held<C>               sums [rows, C] that the threads hold, each element by one of them
//   per_row               a number for each row, held by every thread that holds some of the row
//   tile(r)               the group's shared memory from its row r on, rows of depth() channels
//   load(to, rows, ...)   rows of a matrix into shared memory, zeros where there are none; there after arrive()
//   arrive()              what was loaded or stored is there for all, who have all come so far
//   spread(n, f)          f(i) for i < n, each by one of the threads
//   each(f, held ...)     f(r, c, k, elements ...) for every element; k is its row's place in a per_row
//   each_row(f)           f(r, k) for every row, by all threads that hold some of it; once_each_row(f): by one of them
//   across(numbers, f)    merges what the threads have of a row, in a fixed order
//   add_scores(s, a, b)   s[r][c] += sum over channels of a[r][.] b[c][.]
//   add_product(y, w, b, first)   y[r][c] += sum_j w[r][j] b[j][first + c], as far as there are channels
//
// Written for any `Threads`, which say who a thread is and make the instructions of a warp (backend/cuda/device_threads.cuh);
// tests have them made in loops.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "poft/core/bfloat16.hpp"
#include "poft/core/config.hpp"
#include "poft/row/row.hpp"
#include "poft/row/small_product.hpp"

namespace poft {

namespace detail {
POFT_ANY_CALLER
template <int... K, class F>
POFT_FN void unrolled(std::integer_sequence<int, K...>, F const& f) {
  (f(K), ...);
}
}  // namespace detail

/// f(0) .. f(N - 1) without a loop: registers have no index, and an array stays in them only where each of its own is known.
POFT_ANY_CALLER
template <int N, class F>
POFT_FN void unrolled(F const& f) {
  detail::unrolled(std::make_integer_sequence<int, N>{}, f);
}

/// What a group's threads hold: each warp `strips` times 16 rows, of `columns` scores, and of `slice` channels.
template <int Strips, int Columns, int Slice>
struct tile_sizes {
  static constexpr int strips = Strips, columns = Columns, slice = Slice;
};

/// How many warps make a group for heads of so many channels, and the shared memory that it needs.
struct tile_plan {
  /// Bytes that a block of any device can have from compute capability 8.0 on.
  static constexpr std::int64_t most_room = 99 * 1024;

  int warps = 0;
  int depth = 0;  // channels of a head, with zeros up to a multiple of 16
  int rows  = 0;
  int bytes = 0;
  bool fits() const { return warps > 0; }

  /// For `tiles_of_rows` tiles [rows, depth], `tiles_of_columns` [columns, depth], `numbers` of the computed type beside
  /// each column; does not fit where that is too much for one warp.
  template <class T, class Sizes>
  static tile_plan of(std::int64_t channels, int most_warps, int tiles_of_rows, int tiles_of_columns,
                      int numbers) {
    if (channels > 1024) return {};
    int const depth = (static_cast<int>(channels) + 15) / 16 * 16;
    for (int warps = most_warps; warps > 0; warps /= 2) {
      int const rows = 16 * Sizes::strips * warps;
      std::int64_t const bytes =
          std::int64_t{stride_of<T>(depth)} * (tiles_of_rows * rows + tiles_of_columns * Sizes::columns) *
              static_cast<int>(sizeof(T)) +
          std::int64_t{numbers} * Sizes::columns * static_cast<int>(sizeof(compute_t<T>));
      if (bytes <= most_room) return {warps, depth, rows, static_cast<int>(bytes)};
    }
    return {};
  }
  /// Elements from row to row: 16 bytes more than a row has, so that eight neighbours lie in different banks.
  template <class T>
  POFT_FN static int stride_of(int depth) {
    return depth + 16 / static_cast<int>(sizeof(T));
  }
};

/// Each strip of 16 rows lies over a warp as the sums of mma.m16n8k16 do (PTX ISA 9.7.14.5.8): of 8 columns, lane l has the
/// columns 2 (l mod 4) and the next of the rows l / 4 and l / 4 + 8. So four neighbouring lanes share a row, and what they
/// hold as sums they can give as a left factor.
template <class Threads, class T, class Sizes>
class warp_tiles {
 public:
  using value                  = compute_t<T>;
  static constexpr int strips  = Sizes::strips;
  static constexpr int columns = Sizes::columns;
  static constexpr int slice   = Sizes::slice;

  template <int C>
  struct held {
    value at[strips][C / 8][4];
  };
  struct per_row {
    value at[2 * strips];
    POFT_FN value& operator[](int k) { return at[k]; }
    POFT_FN value const& operator[](int k) const { return at[k]; }
  };

  POFT_FN warp_tiles(Threads on, T* room, int depth)
      : on_(on), room_(room), depth_(depth), lane_(on.thread() % 32), warp_(on.thread() / 32) {}

  POFT_FN int rows() const { return on_.threads() / 2 * strips; }
  POFT_FN int depth() const { return depth_; }
  POFT_FN row_block<T> tile(int r) const {
    int const stride = tile_plan::stride_of<T>(depth_);
    return {room_ + r * stride, stride};
  }
  /// Of the rows that this thread's warp holds.
  POFT_FN int first_row() const { return warp_ * strips * 16; }
  POFT_FN int last_row() const { return first_row() + strips * 16 - 1; }

  POFT_FN void load(row_block<T> to, int rows, std::type_identity_t<row_block<T const>> from,
                    std::int64_t there, std::int64_t channels) const {
    constexpr int together = 16 / static_cast<int>(sizeof(T)), lanes = 8;  // of a row, for 128 bytes at once
    bool const is_aligned = channels % together == 0 && from.stride % together == 0 &&
                            reinterpret_cast<std::uintptr_t>(from.data) % 16 == 0;
    for (int r = on_.thread() / lanes; r < rows; r += on_.threads() / lanes) {
      for (int c = on_.thread() % lanes * together; c < depth_; c += lanes * together) {
        T* const at = &to(r, c);
        if (is_aligned && r < there && c < channels) {
          on_.copy_16_bytes(at, &from(r, c));
        } else {
          for (int e = 0; e < together; ++e) at[e] = r < there && c + e < channels ? from(r, c + e) : T{};
        }
      }
    }
  }
  POFT_FN void arrive() const { on_.arrive(); }

  template <class F>
  POFT_FN void spread(int n, F const& f) const {
    for (int i = on_.thread(); i < n; i += on_.threads()) f(i);
  }
  template <class F, int C, class... Others>
  POFT_FN void each(F const& f, held<C>& tile, Others&... others) const {
    unrolled<strips>([&](int s) {
      unrolled<C / 8>([&](int n) {
        unrolled<4>([&](int e) {
          f(row_of(2 * s + e / 2), 8 * n + 2 * (lane_ % 4) + e % 2, 2 * s + e / 2, tile.at[s][n][e],
            others.at[s][n][e]...);
        });
      });
    });
  }
  template <class F>
  POFT_FN void each_row(F const& f) const {
    unrolled<2 * strips>([&](int k) { f(row_of(k), k); });
  }
  template <class F>
  POFT_FN void once_each_row(F const& f) const {
    if (lane_ % 4 == 0) each_row(f);
  }
  template <class Merge>
  POFT_FN void across(per_row& numbers, Merge const& merge) const {
    unrolled<2 * strips>([&](int k) {
      numbers[k] = merge(numbers[k], on_.shuffle(numbers[k], lane_ ^ 1));
      numbers[k] = merge(numbers[k], on_.shuffle(numbers[k], lane_ ^ 2));
    });
  }
  POFT_FN static value exp2(value x) {
    if constexpr (has_tensor_cores) {
      return Threads::fast_exp2(x);
    } else {
      return std::exp2(x);
    }
  }

  template <int C>
  POFT_FN void add_scores(held<C>& to, std::type_identity_t<row_block<T const>> a,
                          std::type_identity_t<row_block<T const>> b) const {
    if constexpr (has_tensor_cores) {
      for (int k = 0; k < depth_; k += 16) {
        std::uint32_t left[strips][4];
        unrolled<strips>([&](int s) {
          on_.load_matrices(left[s], &a(first_row() + 16 * s + lane_ % 16, k + lane_ / 16 * 8));
        });
        unrolled<C / 16>([&](int n) {
          std::uint32_t right[4];
          on_.load_matrices(right, &b(16 * n + lane_ / 16 * 8 + lane_ % 8, k + lane_ / 8 % 2 * 8));
          add_two(to, n, left, right);
        });
      }
    } else {
      constexpr int together = 16 / static_cast<int>(sizeof(T));
      for (int k = 0; k < depth_; k += together) {
        some<together> left[2 * strips];
        each_row([&](int r, int h) { left[h] = load_some<together>(&a(r, k)); });
        unrolled<C / 8>([&](int n) {
          int const c      = 8 * n + 2 * (lane_ % 4);
          auto const right = load_some<together>(&b(c, k)), next = load_some<together>(&b(c + 1, k));
          unrolled<together>([&](int e) {
            add_outer(
                to, n, [&](int h) { return left[h].at[e]; }, right.at[e], next.at[e]);
          });
        });
      }
    }
  }

  template <int C>
  POFT_FN void add_product(held<slice>& to, held<C> const& weights,
                           std::type_identity_t<row_block<T const>> b, int first) const {
    // Without questions on the way, a load goes on while the product before it is made.
    if (first + slice <= depth_) {
      add_product(to, weights, b, first, [](int) { return true; });
    } else {
      add_product(to, weights, b, first, [&](int c) { return c < depth_; });
    }
  }

 private:
  static constexpr bool has_tensor_cores = std::is_same_v<T, bfloat16>;

  template <int C, class Exists>
  POFT_FN void add_product(held<slice>& to, held<C> const& weights, row_block<T const> b, int first,
                           Exists const& exists) const {
    if constexpr (has_tensor_cores) {
      unrolled<C / 16>([&](int k) {
        std::uint32_t left[strips][4];
        unrolled<strips>([&](int s) {
          unrolled<4>([&](int e) {
            auto const& sums = weights.at[s][2 * k + e / 2];
            left[s][e]       = on_.packed(sums[2 * (e % 2)], sums[2 * (e % 2) + 1]);
          });
        });
        unrolled<slice / 16>([&](int n) {
          if (!exists(first + 16 * n)) return;
          std::uint32_t right[4];
          on_.load_turned_matrices(right, &b(16 * k + lane_ % 16, first + 16 * n + lane_ / 16 * 8));
          add_two(to, n, left, right);
        });
      });
    } else {
      unrolled<C>([&](int j) {
        value left[2 * strips];
        unrolled<2 * strips>([&](int h) {  // from the lane that holds column j of the row
          left[h] = on_.shuffle(weights.at[h / 2][j / 8][2 * (h % 2) + j % 2], lane_ / 4 * 4 + j % 8 / 2);
        });
        unrolled<slice / 8>([&](int n) {
          if (!exists(first + 8 * n)) return;
          auto const right = load_some<2>(&b(j, first + 8 * n + 2 * (lane_ % 4)));
          add_outer(
              to, n, [&](int h) { return left[h]; }, right.at[0], right.at[1]);
        });
      });
    }
  }

  POFT_FN int row_of(int k) const { return first_row() + 16 * (k / 2) + 8 * (k % 2) + lane_ / 4; }

  /// The 16 columns from 16 n on: two products, whose right factors are two matrices each.
  template <int C>
  POFT_FN void add_two(held<C>& to, int n, std::uint32_t const (&left)[strips][4],
                       std::uint32_t const (&right)[4]) const {
    unrolled<strips>([&](int s) {
      on_.multiply_add(to.at[s][2 * n], left[s], right[0], right[1]);
      on_.multiply_add(to.at[s][2 * n + 1], left[s], right[2], right[3]);
    });
  }
  /// to[row][column] += left(row) (right, next), for the rows and the two columns of 8 n .. 8 n + 7 that this thread holds.
  template <int C, class Left>
  POFT_FN void add_outer(held<C>& to, int n, Left const& left, value right, value next) const {
    unrolled<2 * strips>([&](int h) {
      value(&sums)[4] = to.at[h / 2][n];
      sums[2 * (h % 2)] += left(h) * right;
      sums[2 * (h % 2) + 1] += left(h) * next;
    });
  }

  /// Neighbours in shared memory, whose addresses are multiples of all their bytes: one load.
  template <int N>
  struct some {
    T at[N];
  };
  template <int N>
  POFT_FN static some<N> load_some(T const* from) {
    some<N> out;
    __builtin_memcpy(&out, __builtin_assume_aligned(from, N * sizeof(T)), sizeof out);
    return out;
  }

  Threads on_;
  T* room_;
  int depth_, lane_, warp_;
};

}  // namespace poft
