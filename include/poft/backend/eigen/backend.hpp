// The Eigen backend: memory, work in pieces, row functors on lanes, matrix products.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/backend/eigen/lane_group.hpp"
#include "poft/backend/eigen/parallel.hpp"

namespace poft::eigen {
inline namespace POFT_FLAGS {

/// CPU execution. No global state: a backend is a value, and several host threads may use their own at once.
struct backend {
  /// 0: all cores. Any number gives the same bits.
  int threads = 0;

  /// Sum over i in [0, n) of f(i), f being called with packs of T.
  template <class T, class F>
  double sum(std::int64_t n, F const& f) const {
    return sum_of_pieces(usable_threads(threads), n, lane_group<T>::piece, [&](std::int64_t first, std::int64_t last) {
      return static_cast<double>(lane_group<T>::sum(first, last, f));
    });
  }

  /// f(group, r) for every row r in [0, n), the group's lanes holding elements of type T. `width` is the length of a row: it
  /// decides how many neighbouring rows make a piece. f is a named struct, so that a CUDA kernel takes it unchanged.
  template <class T, class F>
  void for_rows(std::int64_t n, std::int64_t width, F const& f) const {
    std::int64_t const rows = std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, width));
    for_each_piece(usable_threads(threads), (n + rows - 1) / rows, [&](std::int64_t k) {
      for (std::int64_t r = k * rows; r < std::min(n, (k + 1) * rows); ++r) f(lane_group<T>{}, r);
    });
  }
};

}  // namespace POFT_FLAGS
}  // namespace poft::eigen
