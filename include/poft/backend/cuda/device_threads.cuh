// The threads of a block as tile algorithms see them (row/warp_tiles.hpp): tensor cores for bfloat16, copies that go on
// meanwhile.
// SPDX-License-Identifier: MIT
//
// The instructions are those of compute capability 8.0: for an older device this does not assemble.
#pragma once

#include <cstdint>

#include "poft/core/bfloat16.hpp"

namespace poft::cuda {

/// A thread of a block whose threads are whole warps.
struct device_threads {
  __device__ static int thread() { return static_cast<int>(threadIdx.x); }
  __device__ static int threads() { return static_cast<int>(blockDim.x); }

  /// To shared memory, there after arrive(); both addresses are multiples of 16.
  __device__ static void copy_16_bytes(void* to, void const* from) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared(to)),
                 "l"(__cvta_generic_to_global(from))
                 : "memory");
  }
  __device__ static void arrive() {
    asm volatile("cp.async.wait_all;" ::: "memory");
    __syncthreads();
  }

  template <class S>
  __device__ static S shuffle(S x, int from) {
    return __shfl_sync(0xffffffffu, x, from);
  }
  /// Wrong by units of the 22nd bit, and 0 below 2^-126, which does not matter where 8 bits are kept.
  __device__ static float fast_exp2(float x) {
    float out;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(out) : "f"(x));
    return out;
  }
  /// Both rounded to bfloat16, the first in the lower half.
  __device__ static std::uint32_t packed(float first, float second) {
    std::uint32_t out;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(out) : "f"(second), "f"(first));
    return out;
  }

  /// Four matrices of 8 x 8: lanes 8 m .. 8 m + 7 name the rows of number m, of which lane l gets row l / 4, elements
  /// 2 (l mod 4) and the next.
  __device__ static void load_matrices(std::uint32_t (&to)[4], bfloat16 const* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(shared(row))
                 : "memory");
  }
  /// The same, transposed.
  __device__ static void load_turned_matrices(std::uint32_t (&to)[4], bfloat16 const* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(shared(row))
                 : "memory");
  }
  /// sums [16, 8] += left [16, 16] right [16, 8]
  __device__ static void multiply_add(float (&sums)[4], std::uint32_t const (&left)[4], std::uint32_t right0,
                                      std::uint32_t right1) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right0), "r"(right1));
  }

 private:
  __device__ static std::uint32_t shared(void const* at) {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(at));
  }
};

}  // namespace poft::cuda
