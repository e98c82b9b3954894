// One matrix product as one call of BLAS, where the user asks for it with Eigen's own switch, EIGEN_USE_BLAS.
// SPDX-License-Identifier: MIT
//
// The work is cut into pieces above this, so BLAS itself runs on one thread in each of them. A BLAS with OpenMP threads
// (OpenBLAS's openmp build, MKL) takes that from the calling thread and is what we recommend. OpenBLAS's pthread build
// knows only one number for the whole process: it is set to 1 at the first product.
#pragma once

#if defined(EIGEN_USE_BLAS)

#include <Eigen/Core>  // declares sgemm_ and dgemm_
#include <algorithm>
#include <cstdint>
#include <type_traits>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include "poft/backend/eigen/flags.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/gemm.hpp"

extern "C" [[gnu::weak]] void openblas_set_num_threads(int);

namespace poft::eigen {
inline namespace POFT_FLAGS {

/// While it lives, BLAS called from this thread uses no other.
struct one_blas_thread {
  one_blas_thread() {
    static bool const process_is_pinned = [] {
      if (openblas_set_num_threads) openblas_set_num_threads(1);
      return true;
    }();
    (void)process_is_pinned;
#if defined(_OPENMP)
    omp_set_num_threads(1);
#endif
  }
  ~one_blas_thread() {
#if defined(_OPENMP)
    omp_set_num_threads(held);
#endif
  }
  one_blas_thread(one_blas_thread const&) = delete;

 private:
#if defined(_OPENMP)
  int const held = omp_get_max_threads();
#endif
};

/// C = alpha op(A) op(B) + beta C on the calling thread; a BLAS has blocks of its own, so C may have any size. It has
/// columns in memory, so it computes C^T = op(B)^T op(A)^T.
template <class T>
struct blas_product {
  static constexpr std::ptrdiff_t most_rows = PTRDIFF_MAX, most_columns = PTRDIFF_MAX;

  static void multiply(primitive::gemm_options const& options, view<T const, 2> a, view<T const, 2> b,
                       view<T, 2> c) {
    one_blas_thread const pinned;
    int const rows = static_cast<int>(c.rows()), columns = static_cast<int>(c.columns()),
              depth = static_cast<int>(options.transpose_a ? a.rows() : a.columns()), of_a = stride(a),
              of_b = stride(b), of_c = stride(c);
    char const *transpose_a = options.transpose_a ? "T" : "N", *transpose_b = options.transpose_b ? "T" : "N";
    auto const alpha = static_cast<T>(options.alpha), beta = static_cast<T>(options.beta);
    if constexpr (std::is_same_v<T, float>) {
      sgemm_(transpose_b, transpose_a, &columns, &rows, &depth, &alpha, b.data(), &of_b, a.data(), &of_a,
             &beta, c.data(), &of_c);
    } else {
      dgemm_(transpose_b, transpose_a, &columns, &rows, &depth, &alpha, b.data(), &of_b, a.data(), &of_a,
             &beta, c.data(), &of_c);
    }
  }

 private:
  /// Never below the row's width, even where there is no second row and it means nothing.
  template <class U>
  static int stride(view<U, 2> m) {
    return static_cast<int>(std::max<std::ptrdiff_t>({1, m.columns(), m.row_stride()}));
  }
};

}  // namespace POFT_FLAGS
}  // namespace poft::eigen

#endif
