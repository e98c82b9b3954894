// What train does once model, data and settings are known, on the CPU or on a GPU, in float or in bfloat16.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "poft/model/transformer.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/train/trainer.hpp"

namespace pipeline {

struct training_run {
  poft::training_term term;
  poft::training_settings settings;
  poft::data_source const* source;  // where this is null:
  poft::dataset const* data;
  poft::dataset const* held_out;  // may be null
};

/// Returns the steps that were taken, an earlier run's among them.
template <class Backend, class T>
std::int64_t run_all_steps(poft::trainer<Backend, T>& trainer, training_run const& run) {
  run.source ? trainer.run(*run.source, run.held_out) : trainer.run(*run.data, run.held_out);
  return trainer.steps();
}

/// Trains a model of the backend that stores T and takes its masters from `parameters`, the host's, which get what they are
/// trained to.
template <class T, class Backend>
std::int64_t run_stored_as(Backend const& backend, poft::transformer_config const& config,
                           std::span<float> parameters, training_run const& run) {
  poft::transformer<Backend, T> model(backend, config);
  poft::trainer<Backend, T> trainer(model, {run.term}, run.settings);
  trainer.change_masters([&](std::span<float> masters) { std::ranges::copy(parameters, masters.begin()); });
  std::int64_t const steps = run_all_steps(trainer, run);
  std::ranges::copy(poft::on_host(backend, trainer.masters()), parameters.begin());
  return steps;
}

/// On so many threads of the CPU in bfloat16.
std::int64_t run_in_bfloat16(int threads, poft::transformer_config const& config, std::span<float> parameters,
                             training_run const& run);
/// Throws cuda_error where there is no GPU, or where the program was built without CUDA.
void require_cuda();
/// On the first GPU, in bfloat16 or float.
std::int64_t run_on_cuda(poft::transformer_config const& config, std::span<float> parameters,
                         bool in_bfloat16, training_run const& run);

}  // namespace pipeline

// What cuda_module.cu gives.
extern "C" void poft_require_cuda();
extern "C" std::int64_t poft_run_on_cuda(poft::transformer_config const& config, std::span<float> parameters,
                                         bool in_bfloat16, pipeline::training_run const& run);
