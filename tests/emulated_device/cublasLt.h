// The part of cuBLASLt that poft calls, on the host: plain loops over column-major matrices. See cuda_runtime.h.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cuda_runtime.h"
#include "poft/core/bfloat16.hpp"

enum cublasStatus_t { CUBLAS_STATUS_SUCCESS, CUBLAS_STATUS_INVALID_VALUE, CUBLAS_STATUS_NOT_SUPPORTED };
inline char const* cublasLtGetStatusName(cublasStatus_t s) {
  static constexpr char const* names[] = {"CUBLAS_STATUS_SUCCESS", "CUBLAS_STATUS_INVALID_VALUE",
                                          "CUBLAS_STATUS_NOT_SUPPORTED"};
  return names[s];
}
inline char const* cublasLtGetStatusString(cublasStatus_t) { return "by the emulated device"; }

enum cudaDataType_t { CUDA_R_32F, CUDA_R_64F, CUDA_R_16BF };
enum cublasComputeType_t { CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_64F, CUBLAS_COMPUTE_32F_FAST_TF32 };
enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T };
enum cublasLtMatmulDescAttributes_t { CUBLASLT_MATMUL_DESC_TRANSA, CUBLASLT_MATMUL_DESC_TRANSB };
enum cublasLtMatrixLayoutAttribute_t {
  CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT,
  CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET
};
enum cublasLtMatmulPreferenceAttributes_t {
  CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES
};

namespace emulated {

struct matmul {
  cublasComputeType_t compute;
  cudaDataType_t scale;
  cublasOperation_t of[2]              = {CUBLAS_OP_N, CUBLAS_OP_N};
  bool operator==(matmul const&) const = default;
};
/// Element (r, c) of matrix k is at k offset + c leading + r.
struct layout {
  cudaDataType_t type;
  std::uint64_t rows, columns;
  std::int64_t leading;
  std::int32_t count                   = 1;
  std::int64_t offset                  = 0;
  bool operator==(layout const&) const = default;
};
struct preference {
  std::uint64_t workspace;
  std::uint32_t alignment[4];
};

template <class To>
cublasStatus_t set(To& to, void const* from, std::size_t bytes) {
  if (bytes != sizeof to) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&to, from, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

inline double element(void const* data, cudaDataType_t type, std::int64_t at) {
  switch (type) {
    case CUDA_R_32F:
      return static_cast<float const*>(data)[at];
    case CUDA_R_64F:
      return static_cast<double const*>(data)[at];
    case CUDA_R_16BF:
      return static_cast<double>(static_cast<float>(static_cast<poft::bfloat16 const*>(data)[at]));
  }
  std::abort();
}
inline void set_element(void* data, cudaDataType_t type, std::int64_t at, double x) {
  switch (type) {
    case CUDA_R_32F:
      static_cast<float*>(data)[at] = static_cast<float>(x);
      return;
    case CUDA_R_64F:
      static_cast<double*>(data)[at] = x;
      return;
    case CUDA_R_16BF:
      static_cast<poft::bfloat16*>(data)[at] = poft::bfloat16(static_cast<float>(x));
      return;
  }
}

}  // namespace emulated

using cublasLtHandle_t           = int*;
using cublasLtMatmulDesc_t       = emulated::matmul*;
using cublasLtMatrixLayout_t     = emulated::layout*;
using cublasLtMatmulPreference_t = emulated::preference*;
/// What an algorithm was searched for: with other operands it is refused.
struct cublasLtMatmulAlgo_t {
  emulated::matmul product;
  emulated::layout a, b, c;
  std::uint32_t alignment[4];
};
struct cublasLtMatmulHeuristicResult_t {
  cublasLtMatmulAlgo_t algo;
};

inline cublasStatus_t cublasLtCreate(cublasLtHandle_t* out) {
  *out = new int(0);
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* out, cublasComputeType_t compute,
                                               cudaDataType_t scale) {
  *out = new emulated::matmul{compute, scale};
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) {
  delete desc;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                                     cublasLtMatmulDescAttributes_t what, void const* value,
                                                     std::size_t bytes) {
  return emulated::set(desc->of[what], value, bytes);
}
inline cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* out, cudaDataType_t type,
                                                 std::uint64_t rows, std::uint64_t columns,
                                                 std::int64_t leading) {
  *out = new emulated::layout{type, rows, columns, leading};
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete layout;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                       cublasLtMatrixLayoutAttribute_t what,
                                                       void const* value, std::size_t bytes) {
  return what == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT ? emulated::set(layout->count, value, bytes)
                                                    : emulated::set(layout->offset, value, bytes);
}
inline cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* out) {
  *out = new emulated::preference{0, {256, 256, 256, 256}};
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete preference;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                           cublasLtMatmulPreferenceAttributes_t what,
                                                           void const* value, std::size_t bytes) {
  return what == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES
             ? emulated::set(preference->workspace, value, bytes)
             : emulated::set(preference->alignment[what - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES], value,
                             bytes);
}

namespace emulated {

/// As the documentation of cublasLtMatmul has it: types that go together, extents and leading dimensions that fit.
inline cublasStatus_t checked(matmul const& product, layout const& a, layout const& b, layout const& c) {
  auto const turned = [](cublasOperation_t how, layout const& m) {
    return how == CUBLAS_OP_T ? std::pair(m.columns, m.rows) : std::pair(m.rows, m.columns);
  };
  auto const [rows, depth]         = turned(product.of[0], a);
  auto const [depth_of_b, columns] = turned(product.of[1], b);
  if (depth != depth_of_b || rows != c.rows || columns != c.columns) return CUBLAS_STATUS_INVALID_VALUE;
  for (layout const* m : {&a, &b, &c}) {
    if (m->leading < static_cast<std::int64_t>(m->rows) || m->leading < 1 || m->count != a.count)
      return CUBLAS_STATUS_INVALID_VALUE;
  }
  bool const wide = product.compute == CUBLAS_COMPUTE_64F;
  bool const types =
      wide ? a.type == CUDA_R_64F && c.type == CUDA_R_64F
           : a.type != CUDA_R_64F && (c.type == a.type || (a.type == CUDA_R_16BF && c.type == CUDA_R_32F));
  if (a.type != b.type || !types || product.scale != (wide ? CUDA_R_64F : CUDA_R_32F))
    return CUBLAS_STATUS_NOT_SUPPORTED;
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace emulated

inline cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t product,
                                                     cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                                     cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                                     cublasLtMatmulPreference_t preference, int,
                                                     cublasLtMatmulHeuristicResult_t* out, int* found) {
  auto const status = emulated::checked(*product, *a, *b, *c);
  if (status != CUBLAS_STATUS_SUCCESS || c != d) return status;
  out->algo = {*product, *a, *b, *c, {}};
  std::copy_n(preference->alignment, 4, out->algo.alignment);
  *found = 1;
  return CUBLAS_STATUS_SUCCESS;
}

inline cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t product, void const* alpha,
                                     void const* a, cublasLtMatrixLayout_t layout_a, void const* b,
                                     cublasLtMatrixLayout_t layout_b, void const* beta, void const* c,
                                     cublasLtMatrixLayout_t layout_c, void* d,
                                     cublasLtMatrixLayout_t layout_d, cublasLtMatmulAlgo_t const* algorithm,
                                     void*, std::size_t, cudaStream_t stream) {
  for (void const* const matrix : {a, b, c}) {
    if (matrix && emulated::points_at_the_host(matrix, emulated::unified)) {
      emulated::give_up("a product is given memory of the host");
    }
  }
  if (auto const status = emulated::checked(*product, *layout_a, *layout_b, *layout_c);
      status != CUBLAS_STATUS_SUCCESS) {
    return status;
  }
  auto const& known       = *algorithm;
  void const* addresses[] = {a, b, c, d};
  for (int k = 0; k < 4; ++k) {
    if (reinterpret_cast<std::uintptr_t>(addresses[k]) % known.alignment[k] != 0)
      return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (c != d || layout_c != layout_d || known.product != *product || known.a != *layout_a ||
      known.b != *layout_b || known.c != *layout_c) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  double const scale = emulated::element(alpha, product->scale, 0),
               keep  = emulated::element(beta, product->scale, 0);
  emulated::enqueue(stream, [=, p = *product, la = *layout_a, lb = *layout_b, lc = *layout_c] {
    auto const depth = static_cast<std::int64_t>(p.of[0] == CUBLAS_OP_T ? la.rows : la.columns);
    auto const at    = [](emulated::layout const& l, std::int64_t k, std::int64_t r, std::int64_t column) {
      return k * l.offset + column * l.leading + r;
    };
    for (std::int64_t k = 0; k < lc.count; ++k) {
      for (std::int64_t column = 0; column < static_cast<std::int64_t>(lc.columns); ++column) {
        for (std::int64_t r = 0; r < static_cast<std::int64_t>(lc.rows); ++r) {
          double sum = 0;
          for (std::int64_t i = 0; i < depth; ++i) {
            sum += emulated::element(a, la.type, p.of[0] == CUBLAS_OP_T ? at(la, k, i, r) : at(la, k, r, i)) *
                   emulated::element(b, lb.type,
                                     p.of[1] == CUBLAS_OP_T ? at(lb, k, column, i) : at(lb, k, i, column));
          }
          auto const to = at(lc, k, r, column);
          // What C holds is not looked at where nothing of it is kept.
          emulated::set_element(d, lc.type, to,
                                scale * sum + (keep == 0 ? 0 : keep * emulated::element(d, lc.type, to)));
        }
      }
    }
  });
  return CUBLAS_STATUS_SUCCESS;
}
