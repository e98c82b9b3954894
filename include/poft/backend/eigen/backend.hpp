// The Eigen backend: memory, work in pieces, row functors on lanes, matrix products.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "poft/backend/eigen/gemm.hpp"
#include "poft/backend/eigen/lane_group.hpp"
#include "poft/backend/eigen/parallel.hpp"
#include "poft/backend/host_buffer.hpp"
#include "poft/core/bfloat16.hpp"
#include "poft/core/error.hpp"
#include "poft/core/view.hpp"

namespace poft::eigen {
inline namespace POFT_FLAGS {

/// CPU execution. No global state: a backend is a value, and several host threads may use their own at once.
struct backend {
  /// 0: all cores. Any number gives the same bits.
  int threads = 0;

  template <class T>
  host_buffer<T> allocate(std::int64_t n) const {
    return host_buffer<T>(n);
  }

  template <class T>
  void copy(std::type_identity_t<view<T const>> from, view<T> to) const {
    if (from.size() != to.size()) {
      throw shape_error(message("copy: ", from.size(), " elements into ", to.size(), ", expected as many"));
    }
    std::copy(from.begin(), from.end(), to.begin());
  }
  template <class T>
  void fill(view<T> to, std::type_identity_t<T> value) const {
    std::fill(to.begin(), to.end(), value);
  }

  template <class T>
  void gemm(primitive::gemm_options const& options, std::type_identity_t<view<T const, 2>> a,
            std::type_identity_t<view<T const, 2>> b, view<T, 2> c) const {
    if constexpr (std::is_same_v<T, bfloat16>) {
      gemm_through_float(usable_threads(threads), options, a, b, c);
    } else {
      eigen::gemm<T>(usable_threads(threads), options, a, b, c);
    }
  }
  /// Operands of bfloat16 into float.
  void gemm(primitive::gemm_options const& options, view<bfloat16 const, 2> a, view<bfloat16 const, 2> b,
            view<float, 2> c) const {
    gemm_through_float(usable_threads(threads), options, a, b, c);
  }

  /// f(group, r) for r in [0, n): pieces of as many rows as make a few pages of elements.
  template <class T, class F>
  void for_rows(std::int64_t n, std::int64_t width, F const& f) const {
    std::int64_t const rows =
        std::max<std::int64_t>(1, 4 * lane_group<T>::piece / std::max<std::int64_t>(1, width));
    std::int64_t const pieces = (n + rows - 1) / rows;
    for_each_piece(usable_threads(threads), pieces, [&](std::int64_t k) {
      for (std::int64_t r = k * rows; r < std::min(n, (k + 1) * rows); ++r) f(lane_group<T>{}, r);
    });
  }

  /// f(b, k) for k in [0, count): b has one thread, or all of them where there is one piece.
  template <class F>
  void for_pieces(std::int64_t count, F const& f) const {
    if (count == 1) return f(*this, std::int64_t{0});
    backend of_one_thread = *this;
    of_one_thread.threads = 1;
    for_each_piece(usable_threads(threads), count, [&](std::int64_t k) { f(of_one_thread, k); });
  }

  /// Sum over i in [0, n) of f(i), f being called with packs of T.
  template <class T, class F>
  double sum(std::int64_t n, F const& f) const {
    return sum_of_pieces(usable_threads(threads), n, lane_group<T>::piece,
                         [&](std::int64_t first, std::int64_t last) {
                           return static_cast<double>(lane_group<T>::sum(first, last, f));
                         });
  }
};

}  // namespace POFT_FLAGS
}  // namespace poft::eigen
