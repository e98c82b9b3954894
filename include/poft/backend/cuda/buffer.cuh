// Memory of a device: a buffer that owns its elements.
// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <type_traits>
#include <utility>

#include "poft/backend/cuda/error.cuh"

namespace poft::cuda {

/// [size], zeros at first; moved, never copied. The host cannot read it.
template <class T>
class buffer {
 public:
  static_assert(std::is_trivially_copyable_v<T>, "a buffer holds plain numbers");

  buffer() = default;
  explicit buffer(std::ptrdiff_t size, cudaStream_t stream) : buffer() {  // so that what throws frees, too
    if (size <= 0) return;
    std::size_t const bytes  = static_cast<std::size_t>(size) * sizeof(T);
    void* room               = nullptr;
    cudaError_t const status = cudaMalloc(&room, bytes);
    if (status != cudaSuccess) {
      std::size_t free = 0, total = 0;
      cudaGetLastError();
      cudaMemGetInfo(&free, &total);
      require(status, message("allocation of ", bytes, " bytes, of which the device has ", free, " free of ",
                              total, " altogether,"));
    }
    data_ = static_cast<T*>(room);
    size_ = size;
    require(cudaMemsetAsync(data_, 0, bytes, stream), "clearing of new memory");
  }
  buffer(buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  buffer& operator=(buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~buffer() { cudaFree(data_); }  // waits for the work that uses it

  T* data() { return data_; }
  T const* data() const { return data_; }
  std::ptrdiff_t size() const { return size_; }

 private:
  T* data_             = nullptr;
  std::ptrdiff_t size_ = 0;
};

}  // namespace poft::cuda
