// Training on the GPU: the one place of the program that CUDA compiles, a library that is loaded when it is asked for.
// SPDX-License-Identifier: MIT
#include <utility>

#include "pipeline/training_run.hpp"
#include "poft/backend/cuda/backend.cuh"

void poft_require_cuda() { poft::cuda::backend const first; }

std::int64_t poft_run_on_cuda(poft::transformer_config const& config, std::span<float> parameters,
                              pipeline::training_run const& run) {
  poft::transformer<poft::cuda::backend, float> model(poft::cuda::backend{}, config);
  model.backend().copy<float>(parameters, poft::view<float>(model.parameters()));
  std::int64_t const steps = run_on(model, run);
  model.backend().read<float>(std::as_const(model).parameters(), poft::view<float>(parameters));
  return steps;
}
