// The part of the CUDA runtime that poft calls, on the host: for the tests of the CUDA backend where there is no GPU. In front
// of the toolkit's own on the include path; what is not here does not compile.
// SPDX-License-Identifier: MIT
//
// Stricter than a device where that finds faults. Its memory is pages that the host cannot touch and that are never zero when
// new; work is done as late as it may be, when the host waits for its stream; blocks go one after the other, their threads in
// turns. What is wrong beyond an error code ends the program. Not emulated: speed, rounding of tensor cores, limits of
// registers, threads that run at the same time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <new>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "guarded_pages.hpp"
#include "threads_of_a_block.hpp"

#define __global__
#define __device__
#define __host__
#define __shared__  // `static` is written beside it, or `extern`
#define __launch_bounds__(...)

using emulated::blockDim;
using emulated::blockIdx;
using emulated::gridDim;
using emulated::threadIdx;

struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

// Within kernels.

inline void __syncthreads() { emulated::threads_of_a_block::running().meet_block(); }
inline void __syncwarp() { emulated::threads_of_a_block::running().meet_warp(); }
template <class S>
S __shfl_sync(unsigned, S value, int from) {
  return emulated::threads_of_a_block::running().told(value)[from & 31];
}
template <class S>
S __shfl_xor_sync(unsigned, S value, int mask) {
  auto& threads = emulated::threads_of_a_block::running();
  return threads.told(value)[threads.lane() ^ mask];
}

// What calls return.

enum cudaError_t {
  cudaSuccess,
  cudaErrorInvalidValue,
  cudaErrorMemoryAllocation,
  cudaErrorInvalidConfiguration,
  cudaErrorNoDevice,
  cudaErrorInsufficientDriver,
  cudaErrorStreamCaptureUnsupported,
  cudaErrorStreamCaptureInvalidated,
  cudaErrorNotReady,
  cudaErrorNoKernelImageForDevice,
  cudaErrorIllegalAddress
};
inline char const* cudaGetErrorName(cudaError_t e) {
  static constexpr char const* names[] = {"cudaSuccess",
                                          "cudaErrorInvalidValue",
                                          "cudaErrorMemoryAllocation",
                                          "cudaErrorInvalidConfiguration",
                                          "cudaErrorNoDevice",
                                          "cudaErrorInsufficientDriver",
                                          "cudaErrorStreamCaptureUnsupported",
                                          "cudaErrorStreamCaptureInvalidated",
                                          "cudaErrorNotReady",
                                          "cudaErrorNoKernelImageForDevice",
                                          "cudaErrorIllegalAddress"};
  return names[e];
}
inline char const* cudaGetErrorString(cudaError_t) { return "by the emulated device"; }
inline cudaError_t cudaGetLastError() { return cudaSuccess; }

namespace emulated {
/// What a test makes go wrong.
struct faults {
  cudaError_t of_devices = cudaSuccess;  // of the question how many there are
  int driver             = 13000;        // the version of CUDA that it supports
  cudaError_t of_launch  = cudaSuccess;
  int waits_left         = -1;     // until the host's wait finds that a kernel has failed; -1: never
  bool is_broken         = false;  // and so every call after it
};
inline faults wrong;
}  // namespace emulated

// Streams and graphs.

struct CUstream_st {
  std::deque<std::function<void()>> queue;
  bool captures = false, is_invalid = false;
};
using cudaStream_t = CUstream_st*;
struct CUgraph_st {
  std::deque<std::function<void()>> work;
};
using cudaGraph_t     = CUgraph_st*;
using cudaGraphExec_t = CUgraph_st*;

namespace emulated {

/// As late as may be.
inline void enqueue(cudaStream_t on, std::function<void()> work) { on->queue.push_back(std::move(work)); }

/// Everything that a stream was given.
inline void finish(cudaStream_t on) {
  guarded_pages::open const memory;
  while (!on->queue.empty()) {
    auto const work = std::move(on->queue.front());
    on->queue.pop_front();
    work();
  }
}

inline cudaError_t refused_in_a_capture(cudaStream_t on) {
  if (!on->captures) return cudaSuccess;
  on->is_invalid = true;
  return cudaErrorStreamCaptureUnsupported;
}

}  // namespace emulated

inline constexpr unsigned cudaStreamNonBlocking = 1;
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* out, unsigned) {
  *out = new CUstream_st;
  return cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  if (!emulated::wrong.is_broken) emulated::finish(stream);
  delete stream;
  return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (auto const status = emulated::refused_in_a_capture(stream); status != cudaSuccess) return status;
  if (emulated::wrong.waits_left > 0) --emulated::wrong.waits_left;
  if (emulated::wrong.waits_left == 0) emulated::wrong.is_broken = true;
  if (emulated::wrong.is_broken) {
    stream->queue.clear();
    return cudaErrorIllegalAddress;
  }
  emulated::finish(stream);
  return cudaSuccess;
}

/// What was not ready is, the next time.
inline cudaError_t cudaStreamQuery(cudaStream_t stream) {
  if (stream->queue.empty()) return cudaSuccess;
  emulated::finish(stream);
  return cudaErrorNotReady;
}

enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal };
inline cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  emulated::finish(stream);  // so that the queue is the graph's
  stream->captures = true;
  return cudaSuccess;
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* out) {
  stream->captures = false;
  *out             = nullptr;
  auto work        = std::exchange(stream->queue, {});
  if (std::exchange(stream->is_invalid, false)) return cudaErrorStreamCaptureInvalidated;
  *out = new CUgraph_st{std::move(work)};
  return cudaSuccess;
}
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* out, cudaGraph_t from, unsigned long long) {
  *out = new CUgraph_st(*from);
  return cudaSuccess;
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) { return cudaGraphDestroy(graph); }
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  for (auto const& work : graph->work) emulated::enqueue(stream, work);
  return cudaSuccess;
}

// Devices: one.

inline cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return emulated::wrong.of_devices;
}
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }
inline cudaError_t cudaDriverGetVersion(int* version) {
  *version = emulated::wrong.driver;
  return cudaSuccess;
}
inline cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}

// Memory.

using cudaMemPool_t = struct CUmemPoolHandle_st*;
enum cudaMemPoolAttr { cudaMemPoolAttrReleaseThreshold };
inline cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t*, int) { return cudaSuccess; }
inline cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }
inline cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *free = *total = std::size_t{1} << 32;
  return cudaSuccess;
}

namespace emulated {
/// Bytes by address, of what is taken of the device's memory, and of memory that both see.
inline std::map<void const*, std::size_t> taken, unified;
/// Behind each piece of the device's memory, looked at when it is given back.
inline constexpr std::size_t fence = 256;
}  // namespace emulated

inline constexpr unsigned cudaMemAttachGlobal = 1;
inline cudaError_t cudaMallocManaged(void** out, std::size_t bytes, unsigned) {
  *out = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (*out) emulated::unified[*out] = bytes;
  return *out ? cudaSuccess : cudaErrorMemoryAllocation;
}
inline cudaError_t cudaFree(void* data) {
  emulated::unified.erase(data);
  std::free(data);
  return cudaSuccess;
}

enum cudaMemoryType { cudaMemoryTypeUnregistered, cudaMemoryTypeDevice, cudaMemoryTypeManaged };
struct cudaPointerAttributes {
  cudaMemoryType type;
};
inline cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* out, void const* data) {
  out->type = emulated::guarded_pages::all().hold(data) ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered;
  return cudaSuccess;
}

inline cudaError_t cudaMallocAsync(void** out, std::size_t bytes, cudaStream_t stream) {
  if (emulated::wrong.is_broken) return cudaErrorIllegalAddress;
  if (auto const status = emulated::refused_in_a_capture(stream); status != cudaSuccess) return status;
  try {
    *out = emulated::guarded_pages::all().take(bytes + emulated::fence);
  } catch (std::bad_alloc const&) {
    return cudaErrorMemoryAllocation;
  }
  emulated::taken[*out] = bytes;
  emulated::enqueue(stream, [=, to = *out] { std::memset(to, 0xff, bytes + emulated::fence); });
  return cudaSuccess;
}
inline cudaError_t cudaFreeAsync(void* data, cudaStream_t stream) {
  auto const known = emulated::taken.find(data);
  if (known == emulated::taken.end() || stream->captures) {
    emulated::give_up("memory is given back twice, or while a graph is recorded");
  }
  std::size_t const bytes = known->second;
  emulated::taken.erase(known);
  emulated::enqueue(stream, [=] {
    auto* const first = static_cast<std::byte*>(data);
    if (!std::all_of(first + bytes, first + bytes + emulated::fence,
                     [](auto b) { return b == std::byte{0xff}; })) {
      emulated::give_up("somebody has written beyond " + std::to_string(bytes) + " bytes of memory");
    }
    emulated::guarded_pages::all().give_back(first, bytes + emulated::fence);
  });
  return cudaSuccess;
}
inline cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  emulated::enqueue(stream, [=] { std::memset(to, value, bytes); });
  return cudaSuccess;
}

/// From the host: read at once. To the host: there when the host has waited, as with memory that is pinned.
enum cudaMemcpyKind { cudaMemcpyDefault };
inline cudaError_t cudaMemcpyAsync(void* to, void const* from, std::size_t bytes, cudaMemcpyKind,
                                   cudaStream_t stream) {
  auto const& device = emulated::guarded_pages::all();
  if (!device.hold(from) || !device.hold(to)) {
    if (auto const status = emulated::refused_in_a_capture(stream); status != cudaSuccess) return status;
  }
  if (!device.hold(from)) {
    auto const* const first = static_cast<std::byte const*>(from);
    emulated::enqueue(stream, [=, held = std::vector<std::byte>(first, first + bytes)] {
      std::memcpy(to, held.data(), bytes);
    });
  } else {
    emulated::enqueue(stream, [=] { std::memcpy(to, from, bytes); });
  }
  return cudaSuccess;
}

// Kernels.

namespace poft::cuda {
inline uint4
    room_of_tiles[227 * 1024 / sizeof(uint4)];  // the dynamic shared memory of compute capability 9.0
}

enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize };
template <class Kernel>
cudaError_t cudaFuncSetAttribute(Kernel*, cudaFuncAttribute, int bytes) {
  return bytes <= static_cast<int>(sizeof poft::cuda::room_of_tiles) ? cudaSuccess : cudaErrorInvalidValue;
}

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream          = nullptr;
};
template <class... Wanted, class... Given>
cudaError_t cudaLaunchKernelEx(cudaLaunchConfig_t const* config, void (*kernel)(Wanted...),
                               Given const&... given) {
  cudaLaunchConfig_t const at = *config;
  if (emulated::wrong.of_launch != cudaSuccess) return emulated::wrong.of_launch;
  if (emulated::wrong.is_broken) return cudaErrorIllegalAddress;
  if (at.gridDim.x == 0 || at.blockDim.x == 0 || at.blockDim.x > 1024 ||
      at.dynamicSmemBytes > sizeof poft::cuda::room_of_tiles) {
    return cudaErrorInvalidConfiguration;
  }
  if ((emulated::points_at_the_host(Wanted(given), emulated::unified) || ...)) {
    emulated::give_up("a kernel is given memory of the host");
  }
  emulated::enqueue(at.stream, [=, arguments = std::tuple<Wanted...>(given...)] {
    gridDim  = {at.gridDim.x, 1, 1};
    blockDim = {at.blockDim.x, 1, 1};
    for (unsigned b = 0; b < at.gridDim.x; ++b) {
      blockIdx.x = b;
      std::memset(poft::cuda::room_of_tiles, 0xff, at.dynamicSmemBytes);
      emulated::threads_of_a_block::running().run(static_cast<int>(at.blockDim.x),
                                                  [&] { std::apply(kernel, arguments); });
    }
  });
  return cudaSuccess;
}
