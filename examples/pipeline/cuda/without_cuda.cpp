// In the place of training_run.cu where there is no nvcc.
// SPDX-License-Identifier: MIT
#include "pipeline/training_run.hpp"

namespace pipeline {

void require_cuda() {
  throw poft::cuda_error(
      "cuda: this program was built without CUDA, expected one that was configured where nvcc is");
}

std::int64_t run_on_cuda(poft::transformer_config const&, std::span<float>, training_run const&) {
  require_cuda();
  return 0;
}

}  // namespace pipeline
