// Loads the part of a program that CUDA compiles when a GPU is asked for: CUDA's libraries take a tenth of a second and 200 MB
// to load.
// SPDX-License-Identifier: MIT
#pragma once

#include <dlfcn.h>

#include "poft/core/error.hpp"

/// extern "C" `name` of a library that stays until the program ends.
template <class Function>
Function* function_of_module(char const* file, char const* name) {
  void* const module = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  void* const found  = module ? dlsym(module, name) : nullptr;
  if (!found)
    throw poft::cuda_error(
        poft::message("cuda: ", dlerror(), ", expected the library built beside the program"));
  return reinterpret_cast<Function*>(found);
}
/// What is thrown in its place.
[[noreturn]] inline void throw_built_without_cuda() {
  throw poft::cuda_error(
      "cuda: this program was built without CUDA, expected one that was configured where nvcc is");
}
