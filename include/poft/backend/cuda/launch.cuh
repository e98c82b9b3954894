// Kernels are launched here and nowhere else.
// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

#include "poft/backend/cuda/error.cuh"

namespace poft::cuda {

struct launch_shape {
  unsigned blocks, threads;
  std::size_t shared_bytes = 0;  // beside what the kernel declares itself
};

/// kernel(arguments ...); `what` names it where the launch fails. What it does wrong itself shows when the stream is waited for.
template <class... Wanted, class... Given>
void launch(char const* what, cudaStream_t on, launch_shape const& shape, void (*kernel)(Wanted...),
            Given const&... arguments) {
  cudaLaunchConfig_t how{};
  how.gridDim.x        = shape.blocks;
  how.blockDim.x       = shape.threads;
  how.dynamicSmemBytes = shape.shared_bytes;
  how.stream           = on;
  require(cudaLaunchKernelEx(&how, kernel, arguments...), message("launch of ", what));
}

}  // namespace poft::cuda
