// In the place of the header of this name: PTX is not emulated, what poft says in it is.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "cuda_runtime.h"
#include "poft/core/bfloat16.hpp"

namespace poft::cuda {

/// Element numbers are those of the PTX ISA: 9.7.14.5.8 for the factors and sums of mma.m16n8k16, 9.7.14.5.15 for ldmatrix.
class device_threads {
  struct copy {
    void* to;
    void const* from;
  };
  static std::vector<copy>& under_way() {
    static std::array<std::vector<copy>, emulated::threads_of_a_block::most> of_thread;
    return of_thread[threadIdx.x];
  }

 public:
  static int thread() { return static_cast<int>(threadIdx.x); }
  static int threads() { return static_cast<int>(blockDim.x); }

  static void copy_16_bytes(void* to, void const* from) {
    auto const address = [](void const* at) { return reinterpret_cast<std::uintptr_t>(at); };
    bool const is_room = address(to) >= address(room_of_tiles) &&
                         address(to) + 16 <= address(room_of_tiles) + sizeof room_of_tiles;
    if (!is_room || address(to) % 16 != 0 || address(from) % 16 != 0) {
      emulated::give_up("a copy of 16 bytes that is not aligned, or not to shared memory");
    }
    std::memset(to, 0xff, 16);  // not a number until it arrives
    under_way().push_back({to, from});
  }
  static void arrive() {
    for (auto const& [to, from] : under_way()) std::memcpy(to, from, 16);
    under_way().clear();
    __syncthreads();
  }

  template <class S>
  static S shuffle(S x, int from) {
    return exchange(x)[static_cast<std::size_t>(from)];
  }
  static float fast_exp2(float x) { return std::exp2(x); }
  static std::uint32_t packed(float first, float second) {
    return poft::bfloat16(first).bits | std::uint32_t{poft::bfloat16(second).bits} << 16;
  }

  static void load_matrices(std::uint32_t (&to)[4], poft::bfloat16 const* row) {
    auto const rows = exchange(row);
    for (int m = 0; m < 4; ++m) {
      auto const* const own = rows[static_cast<std::size_t>(8 * m + lane() / 4)] + lane() % 4 * 2;
      to[m]                 = own[0].bits | std::uint32_t{own[1].bits} << 16;
    }
  }
  static void load_turned_matrices(std::uint32_t (&to)[4], poft::bfloat16 const* row) {
    auto const rows = exchange(row);
    for (int m = 0; m < 4; ++m) {
      auto const element = [&](int r) { return rows[static_cast<std::size_t>(8 * m + r)][lane() / 4].bits; };
      int const r        = lane() % 4 * 2;
      to[m]              = element(r) | std::uint32_t{element(r + 1)} << 16;
    }
  }
  static void multiply_add(float (&sums)[4], std::uint32_t const (&left)[4], std::uint32_t right0,
                           std::uint32_t right1) {
    struct factors {
      std::uint32_t a[4], b[2];
    };
    auto const all     = exchange(factors{{left[0], left[1], left[2], left[3]}, {right0, right1}});
    auto const element = [](std::uint32_t const* registers, int i) {
      return static_cast<float>(
          poft::bfloat16::from_bits(static_cast<std::uint16_t>(registers[i / 2] >> 16 * (i % 2))));
    };
    for (int i = 0; i < 4; ++i) {
      int const row = lane() / 4 + (i < 2 ? 0 : 8), column = lane() % 4 * 2 + i % 2;
      for (int k = 0; k < 16; ++k) {
        int const of_a = k % 2 + (row < 8 ? 0 : 2) + (k < 8 ? 0 : 4), of_b = k % 2 + (k < 8 ? 0 : 2);
        sums[i] += element(all[static_cast<std::size_t>(row % 8 * 4 + k % 8 / 2)].a, of_a) *
                   element(all[static_cast<std::size_t>(column * 4 + k % 8 / 2)].b, of_b);
      }
    }
  }

 private:
  static int lane() { return emulated::threads_of_a_block::running().lane(); }
  template <class S>
  static std::array<S, 32> exchange(S const& own) {
    S const* const told = emulated::threads_of_a_block::running().told(own);
    std::array<S, 32> out;
    std::copy_n(told, 32, out.begin());
    return out;
  }
};

}  // namespace poft::cuda
