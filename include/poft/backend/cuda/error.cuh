// Every call to CUDA and its libraries goes through here: what fails is thrown with the call, its place and CUDA's words.
// SPDX-License-Identifier: MIT
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include <source_location>
#include <string>

#include "poft/core/error.hpp"

namespace poft::cuda {

/// `what` is what was being done, in words: "copy of 400 bytes to the device".
inline void require(cudaError_t status, std::string const& what,
                    std::source_location place = std::source_location::current()) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // or the next call would report it again
  throw cuda_error(message("cuda: ", what, " failed at ", place.file_name(), ":", place.line(), ": ",
                           cudaGetErrorName(status), ", ", cudaGetErrorString(status)));
}
inline void require(cublasStatus_t status, std::string const& what,
                    std::source_location place = std::source_location::current()) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw cuda_error(message("cuda: ", what, " failed at ", place.file_name(), ":", place.line(), ": ",
                           cublasLtGetStatusName(status), ", ", cublasLtGetStatusString(status)));
}

}  // namespace poft::cuda
