// one_by_one: the readable oracle. A backend of plain loops, with which tests compare every other one.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/backend/host_buffer.hpp"
#include "poft/core/bfloat16.hpp"
#include "poft/core/error.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/gemm.hpp"
#include "poft/row/one_by_one_group.hpp"
#include "poft/row/row.hpp"

namespace poft {

/// One thread, one element at a time. Use it with double.
struct one_by_one {
  template <class T>
  host_buffer<T> allocate(std::int64_t n) const {
    return host_buffer<T>(n);
  }

  template <class T>
  void copy(std::type_identity_t<view<T const>> from, view<T> to) const {
    if (from.size() != to.size()) {
      throw shape_error(message("copy: ", from.size(), " elements into ", to.size(), ", expected as many"));
    }
    for (std::int64_t i = 0; i < to.size(); ++i) to[i] = from[i];
  }
  template <class T>
  void fill(view<T> to, std::type_identity_t<T> value) const {
    for (T& element : to) element = value;
  }

  template <class T>
  void gemm(primitive::gemm_options const& options, std::type_identity_t<view<T const, 2>> a,
            std::type_identity_t<view<T const, 2>> b, view<T, 2> c) const {
    multiply(options, a, b, c);
  }
  /// Operands of bfloat16 into float.
  void gemm(primitive::gemm_options const& options, view<bfloat16 const, 2> a, view<bfloat16 const, 2> b,
            view<float, 2> c) const {
    multiply(options, a, b, c);
  }

  template <class T, class F>
  void for_rows(std::int64_t n, std::int64_t /*width*/, F const& f) const {
    for (std::int64_t r = 0; r < n; ++r) f(one_by_one_group<T>{}, r);
  }

  template <class T, class F>
  double sum(std::int64_t n, F const& f) const {
    double total = 0;
    for (std::int64_t i = 0; i < n; ++i) total += static_cast<double>(f(i));
    return total;
  }

 private:
  template <class T, class Out>
  static void multiply(primitive::gemm_options const& options, view<T const, 2> a, view<T const, 2> b,
                       view<Out, 2> c) {
    auto const [rows, columns, depth] = primitive::gemm_extents_of(options, a, b, c);
    for (std::int64_t product = 0; product < options.count; ++product) {
      auto const at = [&](view<T const, 2> m, std::int64_t stride, bool transpose, std::int64_t i,
                          std::int64_t j) {
        return m.data()[product * stride + (transpose ? j * m.row_stride() + i : i * m.row_stride() + j)];
      };
      for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < columns; ++j) {
          double sum = 0;
          for (std::int64_t k = 0; k < depth; ++k) {
            sum += static_cast<double>(at(a, options.stride_a, options.transpose_a, i, k)) *
                   static_cast<double>(at(b, options.stride_b, options.transpose_b, k, j));
          }
          Out& out          = c.data()[product * options.stride_c + i * c.row_stride() + j];
          double const held = options.beta == 0 ? 0 : options.beta * static_cast<double>(out);
          out               = static_cast<Out>(static_cast<compute_t<Out>>(options.alpha * sum + held));
        }
      }
    }
  }
};

}  // namespace poft
