// Loads cuda_module.cu's library when a GPU is asked for: CUDA's libraries take a tenth of a second and 200 MB to load.
// SPDX-License-Identifier: MIT
#include <dlfcn.h>

#include <memory>

#include "poft/core/error.hpp"
#include "training_run.hpp"

namespace pipeline {

#ifdef POFT_CUDA_MODULE
namespace {

/// extern "C" `name` of the module.
template <class Function>
Function* function_of_module(char const* name) {
  static void* const module =
      dlopen(POFT_CUDA_MODULE, RTLD_NOW | RTLD_LOCAL);  // stays until the program ends
  void* const found = module ? dlsym(module, name) : nullptr;
  if (!found)
    throw poft::cuda_error(poft::message("cuda: ", dlerror(), ", expected the library built beside poft"));
  return reinterpret_cast<Function*>(found);
}

}  // namespace

void require_cuda() { function_of_module<decltype(poft_require_cuda)>("poft_require_cuda")(); }

std::int64_t run_on_cuda(poft::transformer_config const& config, std::span<float> parameters,
                         training_run const& run) {
  return function_of_module<decltype(poft_run_on_cuda)>("poft_run_on_cuda")(config, parameters, run);
}
#else
void require_cuda() {
  throw poft::cuda_error(
      "cuda: this program was built without CUDA, expected one that was configured where nvcc is");
}

std::int64_t run_on_cuda(poft::transformer_config const&, std::span<float>, training_run const&) {
  require_cuda();
  return 0;
}
#endif

}  // namespace pipeline
