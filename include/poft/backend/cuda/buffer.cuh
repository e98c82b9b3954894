// Memory of a device, in the order of a stream: a buffer that owns its elements.
// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "poft/backend/cuda/error.cuh"

namespace poft::cuda {

/// Work that is done in order. Copies are the same stream, which ends with the last of them.
class stream {
 public:
  stream() = default;
  static stream make() {
    cudaStream_t made = nullptr;
    require(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), "the making of a stream");
    stream out;
    out.handle_.reset(made, cudaStreamDestroy);
    return out;
  }
  operator cudaStream_t() const { return handle_.get(); }

 private:
  std::shared_ptr<std::remove_pointer_t<cudaStream_t>> handle_;
};

/// [size], zeros at first; moved, never copied. The host cannot read it. Taken and given back in the order of the stream's work,
/// out of what the device keeps for it: nobody waits.
template <class T>
class buffer {
 public:
  static_assert(std::is_trivially_copyable_v<T>, "a buffer holds plain numbers");

  buffer() = default;
  explicit buffer(std::ptrdiff_t size, stream on) : buffer() {  // so that what throws frees, too
    if (size <= 0) return;
    std::size_t const bytes  = static_cast<std::size_t>(size) * sizeof(T);
    void* room               = nullptr;
    cudaError_t const status = cudaMallocAsync(&room, bytes, on);
    if (status != cudaSuccess) {
      std::size_t free = 0, total = 0;
      cudaGetLastError();
      cudaMemGetInfo(&free, &total);
      require(status, message("allocation of ", bytes, " bytes, of which the device has ", free, " free of ",
                              total, " altogether,"));
    }
    data_ = static_cast<T*>(room);
    size_ = size;
    on_   = std::move(on);
    require(cudaMemsetAsync(data_, 0, bytes, on_), "clearing of new memory");
  }
  buffer(buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        on_(std::move(other.on_)) {}
  buffer& operator=(buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(on_, other.on_);
    return *this;
  }
  ~buffer() {
    if (data_) cudaFreeAsync(data_, on_);
  }

  T* data() { return data_; }
  T const* data() const { return data_; }
  std::ptrdiff_t size() const { return size_; }

 private:
  T* data_             = nullptr;
  std::ptrdiff_t size_ = 0;
  stream on_;
};

}  // namespace poft::cuda
