// Training on the GPU: the one place of the program that CUDA compiles, a library that is loaded when it is asked for.
// SPDX-License-Identifier: MIT
#include "pipeline/training_run.hpp"
#include "poft/backend/cuda/backend.cuh"

void poft_require_cuda() { poft::cuda::backend const first; }

std::int64_t poft_run_on_cuda(poft::transformer_config const& config, std::span<float> parameters,
                              bool in_bfloat16, pipeline::training_run const& run) {
  poft::cuda::backend const device;
  return in_bfloat16 ? pipeline::run_stored_as<poft::bfloat16>(device, config, parameters, run)
                     : pipeline::run_stored_as<float>(device, config, parameters, run);
}
