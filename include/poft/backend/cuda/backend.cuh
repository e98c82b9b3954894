// The CUDA backend: memory of a device, row functors on warps and blocks, sums, matrix products; all on one stream.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "poft/backend/cuda/buffer.cuh"
#include "poft/backend/cuda/context.cuh"
#include "poft/backend/cuda/error.cuh"
#include "poft/backend/cuda/gemm.cuh"
#include "poft/backend/cuda/groups.cuh"
#include "poft/backend/cuda/launch.cuh"
#include "poft/backend/cuda/tiles.cuh"
#include "poft/backend/one_by_one.hpp"
#include "poft/core/error.hpp"
#include "poft/core/view.hpp"

namespace poft::cuda {

/// Row r of F by warp number r.
template <class T, class F>
__global__ void one_warp_per_row(std::int64_t n, F f) {
  std::int64_t const r = static_cast<std::int64_t>(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32;
  if (r < n) f(warp_group<T>{}, r);
}

/// Row r of F by block number r.
template <class T, class F>
__global__ void one_block_per_row(F f) {
  f(block_group<T>{}, static_cast<std::int64_t>(blockIdx.x));
}

template <class T>
__global__ void fill_elements(T* to, std::int64_t n, T value) {
  std::int64_t const step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step)
    to[i] = value;
}

/// sums[block] = sum of f(i) over the elements of one block of threads.
template <class T, class F>
__global__ void sum_of_each_block(std::int64_t n, F f, double* sums) {
  std::int64_t const step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  T own                   = T(0);
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step)
    own = own + f(i);
  own = block_group<T>::all(own, detail::added{});
  if (threadIdx.x == 0) sums[blockIdx.x] = static_cast<double>(own);
}

/// A value: copies share one stream and its handles, whose work runs in order. One host thread at a time.
///
/// What a kernel does wrong shows where the host next waits for it: read(), sum() and synchronise() throw it.
class backend {
 public:
  /// Throws cuda_error where there is no such device, or too old a driver.
  explicit backend(int device = 0, float_products precision = float_products::exact)
      : on_(std::make_shared<context>(device)), precision_(precision) {}

  template <class T>
  buffer<T> allocate(std::int64_t n) const {
    return buffer<T>(n, on_->stream());
  }

  /// Memory that one operation uses while it works; the next that asks gets the same.
  template <class T>
  view<T> scratch(std::int64_t n) const {
    return {static_cast<T*>(on_->scratch(n * static_cast<std::int64_t>(sizeof(T)))), n};
  }

  /// Either may be memory of the host; what is read from the host may be changed as soon as this returns.
  template <class T>
  void copy(std::type_identity_t<view<T const>> from, view<T> to) const {
    if (from.size() != to.size()) {
      throw shape_error(message("copy: ", from.size(), " elements into ", to.size(), ", expected as many"));
    }
    if (from.empty()) return;
    auto const bytes = static_cast<std::size_t>(from.size()) * sizeof(T);
    require(cudaMemcpyAsync(to.data(), from.data(), bytes, cudaMemcpyDefault, stream()),
            message("copy of ", bytes, " bytes"));
  }
  /// Elements of the device into memory of the host, there when it returns.
  template <class T>
  void read(std::type_identity_t<view<T const>> from, view<T> to) const {
    copy<T>(from, to);
    synchronise();
  }
  template <class T>
  void fill(view<T> to, std::type_identity_t<T> value) const {
    if (to.empty()) return;
    launch("fill", stream(), {blocks_of(to.size()), threads_of_a_sum}, fill_elements<T>, to.data(), to.size(),
           value);
  }

  template <class T>
  void gemm(primitive::gemm_options const& options, std::type_identity_t<view<T const, 2>> a,
            std::type_identity_t<view<T const, 2>> b, view<T, 2> c) const {
    cuda::gemm<T, T>(*on_, precision_, options, a, b, c);
  }
  /// Operands of bfloat16 into float.
  void gemm(primitive::gemm_options const& options, view<bfloat16 const, 2> a, view<bfloat16 const, 2> b,
            view<float, 2> c) const {
    cuda::gemm<bfloat16, float>(*on_, precision_, options, a, b, c);
  }

  /// f(group, r) for r in [0, n): a warp for a row where it has few elements, else a block.
  template <class T, class F>
  void for_rows(std::int64_t n, std::int64_t width, F const& f) const {
    if (n <= 0) return;
    require_blocks("for_rows", n);
    if (width <= widest_of_a_warp) {
      constexpr int warps = 4;
      launch("for_rows", stream(), {static_cast<unsigned>((n + warps - 1) / warps), 32 * warps},
             one_warp_per_row<T, F>, n, f);
    } else {
      launch("for_rows", stream(), {static_cast<unsigned>(n), width <= 8192 ? 256u : 512u},
             one_block_per_row<T, F>, f);
    }
  }

  static constexpr int most_warps = 4;
  /// f(group, r) for r in [0, n): a block of warps for a tile (row/warp_tiles.hpp).
  template <class T, class Sizes, class F>
  void for_tiles(std::int64_t n, tile_plan const& plan, F const& f) const {
    if (n <= 0) return;
    require_blocks("for_tiles", n);
    auto const kernel = one_block_per_tile<T, Sizes, F>;
    require(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, plan.bytes),
            message("for_tiles: ", plan.bytes, " bytes of shared memory"));
    launch("for_tiles", stream(),
           {static_cast<unsigned>(n), static_cast<unsigned>(32 * plan.warps),
            static_cast<std::size_t>(plan.bytes)},
           kernel, f, plan.depth);
  }

  /// Sum over i in [0, n) of f(i), in the order that n alone decides.
  template <class T, class F>
  double sum(std::int64_t n, F const& f) const {
    if (n <= 0) return 0;
    unsigned const blocks = blocks_of(n);
    launch("sum", stream(), {blocks, threads_of_a_sum}, sum_of_each_block<T, F>, n, f, on_->sums());
    double sums[context::most_sums];
    read<double>(view<double const>(on_->sums(), blocks), view<double>(sums, blocks));
    double total = 0;
    for (unsigned b = 0; b < blocks; ++b) total += sums[b];
    return total;
  }

  /// A copy that records what replayed() is given, and launches it as one: where kernels are so small that launching them
  /// takes longer than they do.
  backend replaying() const {
    backend out  = *this;
    out.replays_ = true;
    return out;
  }
  /// f(backend) by a graph of the key, see graphs.cuh.
  template <class Key, class F>
  void replayed(Key const& key, F const& f) const {
    if (!replays_) return f(*this);
    on_->recorded.run(stream(), key(), [&] { f(*this); });
  }

  /// Who evaluates what the host holds: the numbers per sequence between the passes of a head.
  one_by_one host() const { return {}; }

  /// Waits for everything so far; throws what went wrong in it.
  void synchronise() const { require(cudaStreamSynchronize(stream()), "the work on the device"); }

  cudaStream_t stream() const { return on_->stream(); }
  int device() const { return on_->device(); }

 private:
  static constexpr int threads_of_a_sum          = 256;
  static constexpr std::int64_t widest_of_a_warp = 1024;

  static unsigned blocks_of(std::int64_t n) {
    std::int64_t const blocks = (n + 4 * threads_of_a_sum - 1) / (4 * threads_of_a_sum);
    return static_cast<unsigned>(std::clamp<std::int64_t>(blocks, 1, context::most_sums));
  }
  static void require_blocks(char const* operation, std::int64_t n) {
    if (n > INT32_MAX) {
      throw value_error(
          message("cuda: ", operation, " over ", n, " rows, expected at most ", INT32_MAX, " at once"));
    }
  }

  std::shared_ptr<context> on_;
  float_products precision_;
  bool replays_ = false;
};

}  // namespace poft::cuda

#include "poft/backend/cuda/attention.cuh"  // with every use of the backend, or some would see the default
