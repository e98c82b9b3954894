// Work that is recorded once as a CUDA graph and launched as a whole from then on: for steps of many small kernels.
// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <type_traits>
#include <vector>

#include "poft/backend/cuda/error.cuh"

namespace poft::cuda {

/// By key: everything that the recorded launches depend on, shapes, addresses and numbers.
class graphs {
 public:
  using key = std::vector<std::uint64_t>;

  /// f() as it is at the first call with a key, which finds its algorithms and takes its memory; recorded at the second, and
  /// from then on what was recorded. f only launches: no copies of the host's memory, no waiting, no new memory.
  template <class F>
  void run(cudaStream_t stream, key const& of, F const& f) {
    if (held_.size() >= most && !held_.contains(of)) held_.clear();
    entry& held = held_[of];
    if (!held.was_called) {
      held.was_called = true;
      return f();
    }
    if (!held.recorded) held.recorded = record(stream, f);
    require(cudaGraphLaunch(held.recorded.get(), stream), "the launch of a graph");
  }
  /// Where memory that launches used is no longer theirs.
  void forget() { held_.clear(); }

 private:
  static constexpr std::size_t most = 256;

  using executable = std::shared_ptr<std::remove_pointer_t<cudaGraphExec_t>>;
  struct entry {
    bool was_called = false;
    executable recorded{};
  };

  template <class F>
  static executable record(cudaStream_t stream, F const& f) {
    require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "the beginning of a graph");
    cudaGraph_t made = nullptr;
    try {
      f();
    } catch (...) {
      cudaStreamEndCapture(stream, &made);  // or the stream would stay in it
      if (made) cudaGraphDestroy(made);
      cudaGetLastError();
      throw;
    }
    require(cudaStreamEndCapture(stream, &made), "the recording of a graph");
    std::shared_ptr<std::remove_pointer_t<cudaGraph_t>> const graph(made, cudaGraphDestroy);
    cudaGraphExec_t out = nullptr;
    require(cudaGraphInstantiate(&out, made, 0), "the making of a graph");
    return {out, cudaGraphExecDestroy};
  }

  std::map<key, entry> held_;
};

}  // namespace poft::cuda
