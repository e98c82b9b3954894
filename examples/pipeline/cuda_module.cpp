// Training on the GPU as the rest of the program sees it: by cuda_module.cu, where the program was built with CUDA.
// SPDX-License-Identifier: MIT
#include "cuda_module.hpp"

#include "training_run.hpp"

namespace pipeline {

#ifdef POFT_CUDA_MODULE
void require_cuda() {
  function_of_module<decltype(poft_require_cuda)>(POFT_CUDA_MODULE, "poft_require_cuda")();
}

std::int64_t run_on_cuda(poft::transformer_config const& config, std::span<float> parameters,
                         bool in_bfloat16, training_run const& run) {
  return function_of_module<decltype(poft_run_on_cuda)>(POFT_CUDA_MODULE, "poft_run_on_cuda")(
      config, parameters, in_bfloat16, run);
}
#else
void require_cuda() { throw_built_without_cuda(); }

std::int64_t run_on_cuda(poft::transformer_config const&, std::span<float>, bool, training_run const&) {
  throw_built_without_cuda();
}
#endif

}  // namespace pipeline
