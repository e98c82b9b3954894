// The groups of the GPU: a warp and a block, over which row algorithms (row/) run unchanged.
// SPDX-License-Identifier: MIT
//
// Thread t of a group treats the elements first + t, first + t + threads ... Everything that a group does ends with all its
// threads together, so that what one of them stored the others may read; a sum is merged in a fixed order, so that equal
// shapes give equal bits.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "poft/core/config.hpp"

namespace poft::cuda {

namespace detail {

/// The value of the lane whose number differs in `mask`: exchanged word by word, whatever struct it is.
template <class S>
__device__ S from_lane(S const& value, int mask) {
  static_assert(std::is_trivially_copyable_v<S> && sizeof(S) % 4 == 0,
                "what a group reduces is made of words of 32 bits");
  unsigned words[sizeof(S) / 4];
  memcpy(words, &value, sizeof value);
  for (unsigned& word : words) word = __shfl_xor_sync(0xffffffffu, word, mask);
  S out = value;
  memcpy(&out, words, sizeof out);
  return out;
}

/// The same value for all lanes: lane l merges with lane l ^ 16, l ^ 8 ...; the lower lane's value comes first.
template <class S, class Merge>
__device__ S over_lanes(S value, Merge const& merge) {
  int const lane = threadIdx.x & 31;
  for (int mask = 16; mask > 0; mask >>= 1) {
    S const other = from_lane(value, mask);
    value         = lane & mask ? merge(other, value) : merge(value, other);
  }
  return value;
}

struct added {
  template <class S>
  __device__ S operator()(S const& a, S const& b) const {
    return a + b;
  }
};
/// NaN stays: it is to reach the result.
struct larger {
  template <class S>
  __device__ S operator()(S a, S b) const {
    return b > a || b != b ? b : a;
  }
};

/// What both groups have in common, made of their threads' number and of Group::all(value, merge).
template <class Group, class T>
struct strided_group {
  using value = T;

  static constexpr std::int64_t piece = std::int64_t{1} << 62;  // a row is looked at whole

  template <class F>
  __device__ static void each(std::int64_t first, std::int64_t last, F&& f) {
    for (std::int64_t i = first + Group::thread(); i < last; i += Group::threads()) f(i);
    Group::meet();
  }
  template <class F>
  __device__ static auto sum(std::int64_t first, std::int64_t last, F&& f) {
    using terms = decltype(f(std::int64_t{0}));
    terms total = terms(T(0));
    for (std::int64_t i = first + Group::thread(); i < last; i += Group::threads()) total = total + f(i);
    return Group::all(total, added{});
  }
  template <class F>
  __device__ static T max(std::int64_t first, std::int64_t last, F&& f) {
    T peak = -INFINITY;
    for (std::int64_t i = first + Group::thread(); i < last; i += Group::threads())
      peak = larger{}(peak, T(f(i)));
    return Group::all(peak, larger{});
  }
  /// f() by one of the threads, seen by all.
  template <class F>
  __device__ static void once(F&& f) {
    if (Group::thread() == 0) f();
    Group::meet();
  }
  static constexpr bool has_sums_in_each_thread = true;
  /// Every thread starts with `own`, to which add(own, i) adds its elements; then all are merged.
  template <class S, class Add, class Merge>
  __device__ static S reduce(std::int64_t first, std::int64_t last, S own, Add&& add, Merge&& merge) {
    for (std::int64_t i = first + Group::thread(); i < last; i += Group::threads()) add(own, i);
    return Group::all(own, merge);
  }
};

}  // namespace detail

/// 32 threads, for short rows. All of a warp's lanes take part.
template <class T>
struct warp_group : detail::strided_group<warp_group<T>, T> {
  __device__ static std::int64_t thread() { return threadIdx.x & 31; }
  __device__ static constexpr std::int64_t threads() { return 32; }
  __device__ static void meet() { __syncwarp(); }
  template <class S, class Merge>
  __device__ static S all(S const& value, Merge const& merge) {
    __syncwarp();
    return detail::over_lanes(value, merge);
  }
};

/// All threads of a block, a multiple of 32 up to 1024, for long rows.
template <class T>
struct block_group : detail::strided_group<block_group<T>, T> {
  __device__ static std::int64_t thread() { return threadIdx.x; }
  __device__ static std::int64_t threads() { return blockDim.x; }
  __device__ static void meet() { __syncthreads(); }
  template <class S, class Merge>
  __device__ static S all(S const& value, Merge const& merge) {
    alignas(16) static __shared__ unsigned char room[32 * sizeof(S)];
    S* const of_warp     = reinterpret_cast<S*>(room);
    unsigned const warps = blockDim.x / 32;
    S own                = detail::over_lanes(value, merge);
    __syncthreads();  // the call before may still be read
    if ((threadIdx.x & 31) == 0) of_warp[threadIdx.x / 32] = own;
    __syncthreads();
    own = of_warp[0];
    for (unsigned w = 1; w < warps; ++w) own = merge(own, of_warp[w]);
    return own;
  }
};

}  // namespace poft::cuda
