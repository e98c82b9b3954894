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
};

}  // namespace POFT_FLAGS
}  // namespace poft::eigen
