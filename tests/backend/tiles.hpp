// Tile groups of the host: one that is plain loops, and the warps of a GPU made of threads, with the exchanges of registers
// that its instructions are documented to make. Slow; for tests, and for the thread sanitizer.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <barrier>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "poft/backend/one_by_one.hpp"
#include "poft/core/bfloat16.hpp"
#include "poft/primitive/flash_attention.hpp"
#include "poft/row/warp_tiles.hpp"

namespace poft_test {

/// Not a number, in whatever type: what is read before it is there shows.
template <class T>
T poison() {
  return static_cast<T>(std::nanf(""));
}

/// row/warp_tiles.hpp's words for one thread that holds everything.
template <class T, class Sizes>
class plain_tile_group {
 public:
  using value                  = poft::compute_t<T>;
  static constexpr int columns = Sizes::columns;
  static constexpr int slice   = Sizes::slice;
  static constexpr int most    = 16 * Sizes::strips * 4;

  template <int C>
  struct held {
    value at[most][C];
  };
  struct per_row {
    value at[most];
    value& operator[](int k) { return at[k]; }
  };

  plain_tile_group(poft::tile_plan plan, T* room, std::vector<std::function<void()>>& under_way)
      : plan_(plan), room_(room), under_way_(&under_way) {}

  int rows() const { return plan_.rows; }
  int depth() const { return plan_.depth; }
  int first_row() const { return 0; }
  int last_row() const { return plan_.rows - 1; }
  poft::row_block<T> tile(int r) const {
    int const stride = poft::tile_plan::stride_of<T>(plan_.depth);
    return {room_ + r * stride, stride};
  }

  void load(poft::row_block<T> to, int rows, std::type_identity_t<poft::row_block<T const>> from,
            std::int64_t there, std::int64_t channels) const {
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < plan_.depth; ++c) to(r, c) = poison<T>();
    }
    under_way_->push_back([=, depth = plan_.depth] {
      for (int r = 0; r < rows; ++r) {
        for (int c = 0; c < depth; ++c) to(r, c) = r < there && c < channels ? from(r, c) : T{};
      }
    });
  }
  void arrive() const {
    for (auto const& load : *under_way_) load();
    under_way_->clear();
  }
  template <class F>
  void spread(int n, F const& f) const {
    for (int i = 0; i < n; ++i) f(i);
  }
  template <class F, int C, class... Others>
  void each(F const& f, held<C>& tile, Others&... others) const {
    for (int r = 0; r < rows(); ++r) {
      for (int c = 0; c < C; ++c) f(r, c, r, tile.at[r][c], others.at[r][c]...);
    }
  }
  template <class F>
  void each_row(F const& f) const {
    for (int r = 0; r < rows(); ++r) f(r, r);
  }
  template <class F>
  void once_each_row(F const& f) const {
    each_row(f);
  }
  template <class Merge>
  void across(per_row&, Merge const&) const {}
  static value exp2(value x) { return std::exp2(x); }

  template <int C>
  void add_scores(held<C>& to, std::type_identity_t<poft::row_block<T const>> a,
                  std::type_identity_t<poft::row_block<T const>> b) const {
    for (int r = 0; r < rows(); ++r) {
      for (int c = 0; c < C; ++c) {
        for (int k = 0; k < depth(); ++k) {
          to.at[r][c] += static_cast<value>(a(r, k)) * static_cast<value>(b(c, k));
        }
      }
    }
  }
  template <int C>
  void add_product(held<slice>& to, held<C> const& weights, std::type_identity_t<poft::row_block<T const>> b,
                   int first) const {
    for (int r = 0; r < rows(); ++r) {
      for (int j = 0; j < C; ++j) {
        value const weight = static_cast<value>(static_cast<T>(weights.at[r][j]));
        for (int c = 0; c < slice && first + c < depth(); ++c) {
          to.at[r][c] += weight * static_cast<value>(b(j, first + c));
        }
      }
    }
  }

 private:
  poft::tile_plan plan_;
  T* room_;
  std::vector<std::function<void()>>* under_way_;
};

/// Whoever asks next gets the same memory.
struct one_by_one_with_scratch : poft::one_by_one {
  template <class T>
  poft::view<T> scratch(std::int64_t n) const {
    room_->assign(static_cast<std::size_t>(n) * sizeof(T) / sizeof(double) + 1, poison<double>());
    return {reinterpret_cast<T*>(room_->data()), n};
  }

 private:
  std::shared_ptr<std::vector<double>> room_ = std::make_shared<std::vector<double>>();
};

/// One thread, plain loops; at most so many warps' rows at once.
struct plain_tiles : one_by_one_with_scratch {
  int most_warps = 4;

  template <class T, class Sizes, class F>
  void for_tiles(std::int64_t n, poft::tile_plan const& plan, F const& f) const {
    EXPECT_TRUE(plan.fits());
    for (std::int64_t r = 0; r < n; ++r) {
      std::vector<T> room(static_cast<std::size_t>(plan.bytes) / sizeof(T), poison<T>());
      std::vector<std::function<void()>> under_way;
      f(plain_tile_group<T, Sizes>(plan, room.data(), under_way), r);
    }
  }
};

/// What the 32 threads of a warp share.
class host_warp {
 public:
  /// Everybody's contribution; good until the thread's next but one call.
  template <class S>
  std::array<S, 32> exchange(int lane, int turn, S const& own) {
    static_assert(std::is_trivially_copyable_v<S> && sizeof(S) <= sizeof(slots_[0][0]));
    std::memcpy(&slots_[turn % 2][lane], &own, sizeof own);
    everybody_.arrive_and_wait();
    std::array<S, 32> out;
    for (int other = 0; other < 32; ++other) std::memcpy(&out[other], &slots_[turn % 2][other], sizeof(S));
    return out;
  }

 private:
  std::barrier<> everybody_{32};
  unsigned char slots_[2][32][32];
};

/// backend/cuda/tiles.cuh's threads on the host. Element numbers are those of the PTX ISA: 9.7.14.5.8 for the factors and
/// sums of mma.m16n8k16, 9.7.14.5.15 for ldmatrix.
class host_threads {
 public:
  struct block {
    explicit block(int warps) : everybody(32 * warps) {
      for (int w = 0; w < warps; ++w) warp.push_back(std::make_unique<host_warp>());
    }
    std::barrier<> everybody;
    std::vector<std::unique_ptr<host_warp>> warp;
  };
  /// Of one thread: what it has begun to load, and how often its warp has met.
  struct progress {
    std::vector<std::function<void()>> under_way;
    int turn = 0;
  };

  host_threads(block& of, progress& own, int thread) : block_(&of), own_(&own), thread_(thread) {}

  int thread() const { return thread_; }
  int threads() const { return 32 * static_cast<int>(block_->warp.size()); }

  void copy_16_bytes(void* to, void const* from) const {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(to) % 16, 0u);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(from) % 16, 0u);
    std::memset(to, 0xff, 16);  // not a number
    own_->under_way.push_back([=] { std::memcpy(to, from, 16); });
  }
  void arrive() const {
    for (auto const& load : own_->under_way) load();
    own_->under_way.clear();
    block_->everybody.arrive_and_wait();
  }
  template <class S>
  S shuffle(S x, int from) const {
    return exchange(x)[static_cast<std::size_t>(from)];
  }
  static float fast_exp2(float x) { return std::exp2(x); }
  static std::uint32_t packed(float first, float second) {
    return poft::bfloat16(first).bits | std::uint32_t{poft::bfloat16(second).bits} << 16;
  }

  void load_matrices(std::uint32_t (&to)[4], poft::bfloat16 const* row) const {
    auto const rows = exchange(row);
    for (int m = 0; m < 4; ++m) {
      auto const* const own = rows[static_cast<std::size_t>(8 * m + lane() / 4)] + lane() % 4 * 2;
      to[m]                 = own[0].bits | std::uint32_t{own[1].bits} << 16;
    }
  }
  void load_turned_matrices(std::uint32_t (&to)[4], poft::bfloat16 const* row) const {
    auto const rows = exchange(row);
    for (int m = 0; m < 4; ++m) {
      auto const element = [&](int r) { return rows[static_cast<std::size_t>(8 * m + r)][lane() / 4].bits; };
      int const r        = lane() % 4 * 2;
      to[m]              = element(r) | std::uint32_t{element(r + 1)} << 16;
    }
  }
  void multiply_add(float (&sums)[4], std::uint32_t const (&left)[4], std::uint32_t right0,
                    std::uint32_t right1) const {
    struct factors {
      std::uint32_t a[4], b[2];
    };
    auto const all     = exchange(factors{{left[0], left[1], left[2], left[3]}, {right0, right1}});
    auto const element = [](std::uint32_t const* registers, int i) {
      return static_cast<float>(
          poft::bfloat16::from_bits(static_cast<std::uint16_t>(registers[i / 2] >> 16 * (i % 2))));
    };
    for (int i = 0; i < 4; ++i) {
      int const row = lane() / 4 + (i < 2 ? 0 : 8), column = lane() % 4 * 2 + i % 2;
      for (int k = 0; k < 16; ++k) {
        int const of_a = k % 2 + (row < 8 ? 0 : 2) + (k < 8 ? 0 : 4), of_b = k % 2 + (k < 8 ? 0 : 2);
        sums[i] += element(all[static_cast<std::size_t>(row % 8 * 4 + k % 8 / 2)].a, of_a) *
                   element(all[static_cast<std::size_t>(column * 4 + k % 8 / 2)].b, of_b);
      }
    }
  }

 private:
  int lane() const { return thread_ % 32; }
  template <class S>
  std::array<S, 32> exchange(S const& own) const {
    return block_->warp[static_cast<std::size_t>(thread_ / 32)]->exchange(lane(), own_->turn++, own);
  }

  block* block_;
  progress* own_;
  int thread_;
};

/// As many threads as a GPU has, for at most so many warps.
struct tiles_of_threads : one_by_one_with_scratch {
  int most_warps = 2;

  template <class T, class Sizes, class F>
  void for_tiles(std::int64_t n, poft::tile_plan const& plan, F const& f) const {
    EXPECT_TRUE(plan.fits());
    std::vector<T> room(static_cast<std::size_t>(plan.bytes) / sizeof(T) + 16, poison<T>());
    auto const misaligned = reinterpret_cast<std::uintptr_t>(room.data()) % 16 / sizeof(T);
    T* const aligned      = room.data() + (misaligned == 0 ? 0 : 16 / sizeof(T) - misaligned);
    host_threads::block block(plan.warps);
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 32 * plan.warps; ++thread) {
      threads.emplace_back([&, thread] {
        host_threads::progress own;
        host_threads const on(block, own, thread);
        for (std::int64_t r = 0; r < n; ++r) {
          F const its_own = f;
          its_own(poft::warp_tiles<host_threads, T, Sizes>(on, aligned, plan.depth), r);
          on.arrive();
        }
      });
    }
  }
};

}  // namespace poft_test

template <>
struct poft::primitive::attention<poft_test::plain_tiles>
    : poft::primitive::flash_attention<poft_test::plain_tiles> {};
