// The device with memory that the host sees too: for test bodies that know one memory only.
// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <vector>

#include "poft/backend/cuda/backend.cuh"

namespace poft_test {

template <class T>
struct unified_allocator {
  using value_type = T;

  unified_allocator() = default;
  template <class U>
  unified_allocator(unified_allocator<U> const&) {}
  T* allocate(std::size_t n) {
    void* out = nullptr;
    if (cudaMallocManaged(&out, n * sizeof(T), cudaMemAttachGlobal) != cudaSuccess) throw std::bad_alloc();
    return static_cast<T*>(out);
  }
  void deallocate(T* data, std::size_t) { cudaFree(data); }
  bool operator==(unified_allocator const&) const = default;
};

/// The backend of the device with memory that a test may look into: each operation is done when it returns.
class on_unified_memory {
 public:
  poft::one_by_one host() const { return {}; }

  template <class T>
  std::vector<T, unified_allocator<T>> allocate(std::int64_t n) const {
    return std::vector<T, unified_allocator<T>>(static_cast<std::size_t>(n));
  }
  template <class T>
  void copy(std::type_identity_t<poft::view<T const>> from, poft::view<T> to) const {
    device_.copy<T>(from, to);
    device_.synchronise();
  }
  template <class T>
  void read(std::type_identity_t<poft::view<T const>> from, poft::view<T> to) const {
    copy<T>(from, to);
  }
  template <class T>
  void fill(poft::view<T> to, std::type_identity_t<T> value) const {
    device_.fill(to, value);
    device_.synchronise();
  }
  template <class A, class B, class C>
  void gemm(poft::primitive::gemm_options const& options, A const& a, B const& b, poft::view<C, 2> c) const {
    device_.gemm(options, a, b, c);
    device_.synchronise();
  }
  template <class T, class F>
  void for_rows(std::int64_t n, std::int64_t width, F const& f) const {
    device_.for_rows<T>(n, width, f);
    device_.synchronise();
  }
  template <class T, class F>
  double sum(std::int64_t n, F const& f) const {
    return device_.sum<T>(n, f);
  }

 protected:
  poft::cuda::backend device_;
};

/// With attention by tiles, of at most so many warps.
class tiles_on_unified_memory : public on_unified_memory {
 public:
  int most_warps = 2;

  template <class T>
  poft::view<T> scratch(std::int64_t n) const {
    return device_.scratch<T>(n);
  }
  template <class T, class Sizes, class F>
  void for_tiles(std::int64_t n, poft::tile_plan const& plan, F const& f) const {
    device_.for_tiles<T, Sizes>(n, plan, f);
    device_.synchronise();
  }
};

}  // namespace poft_test

template <>
struct poft::primitive::attention<poft_test::tiles_on_unified_memory>
    : poft::primitive::flash_attention<poft_test::tiles_on_unified_memory> {};
