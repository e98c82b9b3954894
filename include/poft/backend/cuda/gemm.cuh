// The matrix products of the CUDA backend, by cuBLASLt.
// SPDX-License-Identifier: MIT
#pragma once

#include <cublasLt.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>

#include "poft/backend/cuda/context.cuh"
#include "poft/backend/cuda/error.cuh"
#include "poft/core/bfloat16.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/gemm.hpp"

namespace poft::cuda {

/// How products of float are made: with the type's own precision, or with operands of 10 bits (TF32), which is eight times as
/// fast and to be asked for.
enum class float_products { exact, tf32 };

namespace detail {

template <class T>
inline constexpr cudaDataType_t type_of = CUDA_R_32F;
template <>
inline constexpr cudaDataType_t type_of<double> = CUDA_R_64F;
template <>
inline constexpr cudaDataType_t type_of<bfloat16> = CUDA_R_16BF;

/// Owns one of cuBLASLt's descriptions.
template <class Handle, auto Destroy>
struct described {
  Handle handle                          = nullptr;
  described()                            = default;
  described(described const&)            = delete;
  described& operator=(described const&) = delete;
  ~described() {
    if (handle) Destroy(handle);
  }
  operator Handle() const { return handle; }
};
using described_matrix     = described<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using described_product    = described<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using described_preference = described<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

/// The largest power of two, up to 256, that divides the addresses of a batch of matrices, `stride` bytes apart: kernels that
/// load much at once need it.
inline std::uint32_t alignment_of(void const* data, std::int64_t stride) {
  auto const address = reinterpret_cast<std::uintptr_t>(data) | static_cast<std::uintptr_t>(stride);
  return address == 0 ? 256u
                      : static_cast<std::uint32_t>(std::min<std::uintptr_t>(256, address & (~address + 1)));
}

}  // namespace detail

/// primitive/gemm.hpp's product. Operands of bfloat16 are summed in float; C has their type, or float.
///
/// cuBLASLt's matrices are column-major: a row-major C = A B is its C^T = B^T A^T with the same memory.
template <class T, class Out>
void gemm(context& on, float_products precision, primitive::gemm_options const& options, view<T const, 2> a,
          view<T const, 2> b, view<Out, 2> c) {
  static_assert(std::is_same_v<T, Out> || (std::is_same_v<T, bfloat16> && std::is_same_v<Out, float>),
                "gemm: C has the operands' type, or is float where they are bfloat16");
  auto const [rows, columns, depth] = primitive::gemm_extents_of(options, a, b, c);
  if (rows == 0 || columns == 0 || options.count == 0) return;
  if (depth == 0 && options.beta == 1) return;

  using scale_type              = std::conditional_t<std::is_same_v<T, double>, double, float>;
  constexpr cudaDataType_t type = detail::type_of<T>, type_c = detail::type_of<Out>,
                           type_of_scale = detail::type_of<scale_type>;
  cublasComputeType_t compute            = CUBLAS_COMPUTE_32F;
  if constexpr (std::is_same_v<T, double>) compute = CUBLAS_COMPUTE_64F;
  if constexpr (std::is_same_v<T, float>) {
    if (precision == float_products::tf32) compute = CUBLAS_COMPUTE_32F_FAST_TF32;
  }

  detail::described_product product;
  require(cublasLtMatmulDescCreate(&product.handle, compute, type_of_scale), "gemm: its description");
  auto const transposed        = [](bool is) { return is ? CUBLAS_OP_T : CUBLAS_OP_N; };
  cublasOperation_t const of_b = transposed(options.transpose_b), of_a = transposed(options.transpose_a);
  require(cublasLtMatmulDescSetAttribute(product, CUBLASLT_MATMUL_DESC_TRANSA, &of_b, sizeof of_b),
          "gemm: its description");
  require(cublasLtMatmulDescSetAttribute(product, CUBLASLT_MATMUL_DESC_TRANSB, &of_a, sizeof of_a),
          "gemm: its description");

  auto const describe = [&](detail::described_matrix& matrix, cudaDataType_t its_type,
                            std::int64_t columns_of_view, std::int64_t rows_of_view, std::int64_t row_stride,
                            std::int64_t stride) {
    require(cublasLtMatrixLayoutCreate(&matrix.handle, its_type, static_cast<std::uint64_t>(columns_of_view),
                                       static_cast<std::uint64_t>(rows_of_view), row_stride),
            "gemm: the description of a matrix");
    if (options.count == 1) return;
    std::int32_t const count = static_cast<std::int32_t>(options.count);
    require(
        cublasLtMatrixLayoutSetAttribute(matrix, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count),
        "gemm: the description of a matrix");
    require(cublasLtMatrixLayoutSetAttribute(matrix, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride,
                                             sizeof stride),
            "gemm: the description of a matrix");
  };
  // A row stride below the columns, legal for one row, would be refused.
  auto const stride_of = [](auto const& m) {
    return std::max<std::int64_t>({1, m.columns(), m.row_stride()});
  };
  detail::described_matrix first, second, out;
  describe(first, type, b.columns(), b.rows(), stride_of(b), options.stride_b);
  describe(second, type, a.columns(), a.rows(), stride_of(a), options.stride_a);
  describe(out, type_c, columns, rows, stride_of(c), options.stride_c);

  auto const aligned = [&](auto const& m, std::int64_t stride) {
    std::int64_t const bytes = stride * static_cast<std::int64_t>(sizeof *m.data());
    return detail::alignment_of(m.data(), options.count > 1 ? bytes : 0);
  };
  std::uint32_t const align_a = aligned(a, options.stride_a), align_b = aligned(b, options.stride_b),
                      align_c = aligned(c, options.stride_c);
  context::product_shape const shape{type,
                                     type_c,
                                     compute,
                                     options.transpose_a,
                                     options.transpose_b,
                                     rows,
                                     columns,
                                     depth,
                                     stride_of(a),
                                     stride_of(b),
                                     stride_of(c),
                                     options.count,
                                     options.stride_a,
                                     options.stride_b,
                                     options.stride_c,
                                     align_a,
                                     align_b,
                                     align_c};
  auto found = on.algorithms.find(shape);
  if (found == on.algorithms.end()) {
    detail::described_preference preference;
    require(cublasLtMatmulPreferenceCreate(&preference.handle), "gemm: its preference");
    auto const prefer = [&](cublasLtMatmulPreferenceAttributes_t what, auto const& value) {
      require(cublasLtMatmulPreferenceSetAttribute(preference, what, &value, sizeof value),
              "gemm: its preference");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, context::workspace_bytes);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, align_b);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, align_a);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, align_c);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, align_c);
    cublasLtMatmulHeuristicResult_t best{};
    int count = 0;
    require(cublasLtMatmulAlgoGetHeuristic(on.products(), product, first, second, out, out, preference, 1,
                                           &best, &count),
            message("gemm: the search for an algorithm for [", rows, ", ", depth, "] times [", depth, ", ",
                    columns, "]"));
    if (count == 0) {
      throw cuda_error(message("cuda: gemm: cuBLASLt has no algorithm for [", rows, ", ", depth, "] times [",
                               depth, ", ", columns, "]"));
    }
    found = on.algorithms.emplace(shape, best.algo).first;
  }
  scale_type const alpha = static_cast<scale_type>(options.alpha),
                   beta  = static_cast<scale_type>(options.beta);
  require(
      cublasLtMatmul(on.products(), product, &alpha, b.data(), first, a.data(), second, &beta, c.data(), out,
                     c.data(), out, &found->second, on.workspace(), context::workspace_bytes, on.stream()),
      message("gemm: [", rows, ", ", depth, "] times [", depth, ", ", columns, "]"));
}

}  // namespace poft::cuda
