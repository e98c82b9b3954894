// The kernel of tile algorithms (row/warp_tiles.hpp): a block of warps for a tile.
// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "poft/backend/cuda/device_threads.cuh"
#include "poft/row/warp_tiles.hpp"

namespace poft::cuda {

/// Tile r of F by block number r.
template <class T, class Sizes, class F>
__global__ void __launch_bounds__(128) one_block_per_tile(F f, int depth) {
  extern __shared__ uint4 room_of_tiles[];
  f(warp_tiles<device_threads, T, Sizes>(device_threads{}, reinterpret_cast<T*>(room_of_tiles), depth),
    static_cast<std::int64_t>(blockIdx.x));
}

}  // namespace poft::cuda
