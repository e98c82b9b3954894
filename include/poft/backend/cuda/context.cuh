// What a device is asked through: one stream, the handle and workspace of its matrix products, and room for sums.
// SPDX-License-Identifier: MIT
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

#include "poft/backend/cuda/buffer.cuh"
#include "poft/backend/cuda/error.cuh"
#include "poft/backend/cuda/graphs.cuh"
#include "poft/core/error.hpp"

namespace poft::cuda {

/// Shared by the copies of a backend; one host thread at a time. Everything goes through its one stream in order.
class context {
 public:
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;
  static constexpr int most_sums               = 1024;  // blocks of a sum

  explicit context(int device) : context() {  // so that what throws frees what was made before it
    device_                  = device;
    int count                = 0;
    cudaError_t const status = cudaGetDeviceCount(&count);
    if (status == cudaErrorInsufficientDriver) {
      int driver = 0, runtime = 0;
      cudaDriverGetVersion(&driver);
      if (driver == 0) throw cuda_error("cuda: there is no NVIDIA driver, expected one and a device");
      cudaRuntimeGetVersion(&runtime);
      throw cuda_error(message("cuda: the driver supports CUDA ", driver / 1000, ".", driver % 1000 / 10,
                               ", expected at least ", runtime / 1000, ".", runtime % 1000 / 10,
                               ", with which this program was built"));
    }
    if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0)) {
      throw cuda_error(
          "cuda: there is no device, expected at least one that the driver shows (nvidia-smi -L)");
    }
    require(status, "the search for devices");
    if (device < 0 || device >= count) {
      throw cuda_error(message("cuda: device ", device, ", expected 0 .. ", count - 1));
    }
    require(cudaSetDevice(device), "the choice of the device");
    // What buffers give back stays for the next ones, so that a step that makes some asks the driver for nothing.
    cudaMemPool_t pool      = nullptr;
    std::uint64_t most_kept = UINT64_MAX;
    require(cudaDeviceGetDefaultMemPool(&pool, device), "the device's memory pool");
    require(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &most_kept),
            "the device's memory pool");
    stream_ = cuda::stream::make();
    require(cublasLtCreate(&products_), "the start of cuBLASLt");
    workspace_ = buffer<unsigned char>(static_cast<std::ptrdiff_t>(workspace_bytes), stream_);
    sums_      = buffer<double>(most_sums, stream_);
  }
  context(context const&)            = delete;
  context& operator=(context const&) = delete;
  ~context() {
    if (products_) cublasLtDestroy(products_);
  }

  int device() const { return device_; }
  cuda::stream const& stream() const { return stream_; }
  cublasLtHandle_t products() const { return products_; }
  void* workspace() { return workspace_.data(); }
  /// [most_sums], for one sum at a time
  double* sums() { return sums_.data(); }
  /// At least so many bytes, for one operation at a time: what it held before is gone.
  void* scratch(std::ptrdiff_t bytes) {
    if (bytes > scratch_.size()) {
      recorded.forget();
      scratch_ = buffer<unsigned char>(bytes, stream_);
    }
    return scratch_.data();
  }

  /// What cuBLASLt was asked for once, and how it then does it; the shapes of a training step are few.
  using product_shape = std::array<std::int64_t, 20>;
  std::map<product_shape, cublasLtMatmulAlgo_t> algorithms;
  graphs recorded;

 private:
  context() = default;

  int device_ = 0;
  cuda::stream stream_;
  cublasLtHandle_t products_ = nullptr;
  buffer<unsigned char> workspace_, scratch_;
  buffer<double> sums_;
};

}  // namespace poft::cuda
