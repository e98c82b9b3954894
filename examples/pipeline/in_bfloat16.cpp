// Training on the CPU in bfloat16, apart from what is compiled once in float.
// SPDX-License-Identifier: MIT
#include "poft/backend/eigen/backend.hpp"
#include "training_run.hpp"

namespace pipeline {

std::int64_t run_in_bfloat16(int threads, poft::transformer_config const& config, std::span<float> parameters,
                             training_run const& run) {
  return run_stored_as<poft::bfloat16>(poft::eigen::backend{.threads = threads}, config, parameters, run);
}

}  // namespace pipeline
