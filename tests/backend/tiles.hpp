// A tile group of the host that is plain loops.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
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

}  // namespace poft_test

template <>
struct poft::primitive::attention<poft_test::plain_tiles>
    : poft::primitive::flash_attention<poft_test::plain_tiles> {};
