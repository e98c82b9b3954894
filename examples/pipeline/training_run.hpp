// What train does once model, data and settings are known, on the CPU or on a GPU.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "poft/model/transformer.hpp"
#include "poft/train/trainer.hpp"

namespace pipeline {

struct training_run {
  poft::training_term term;
  poft::training_settings settings;
  poft::data_source const* source;  // where this is null:
  poft::dataset const* data;
  poft::dataset const* held_out;  // may be null
};

/// Trains the model in place; returns the steps that were taken, an earlier run's among them.
template <class Backend>
std::int64_t run_on(poft::transformer<Backend, float>& model, training_run const& run) {
  poft::trainer<Backend, float> trainer(model, {run.term}, run.settings);
  run.source ? trainer.run(*run.source, run.held_out) : trainer.run(*run.data, run.held_out);
  return trainer.steps();
}

/// Throws cuda_error where there is no GPU, or where the program was built without CUDA.
void require_cuda();
/// The same on the first GPU; `parameters` are the host's.
std::int64_t run_on_cuda(poft::transformer_config const& config, std::span<float> parameters,
                         training_run const& run);

}  // namespace pipeline

// What cuda_module.cu gives.
extern "C" void poft_require_cuda();
extern "C" std::int64_t poft_run_on_cuda(poft::transformer_config const& config, std::span<float> parameters,
                                         pipeline::training_run const& run);
