// lane_group: one CPU thread as a group of lanes. Row algorithms (row/) are written over such groups.
// SPDX-License-Identifier: MIT
//
// The group owns the loop and the reductions; a row functor is called with an index, and x[i] is a pack of neighbours. The
// last, partial pack is padded with the row's own last element and its extra lanes are left out of sums and stores, so the
// tail takes the same instructions as the rest. The order of a sum depends on the length only.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "poft/backend/eigen/pack.hpp"
#include "poft/core/bfloat16.hpp"

namespace poft::eigen {
inline namespace POFT_FLAGS {

/// Position of a whole pack inside a row.
template <class T>
struct pack_index {
  std::int64_t first;

  POFT_FN pack<T> load(T const* from) const { return pack<T>::load(from + first); }
  POFT_FN void store(T* to, pack<T> value) const { value.store(to + first); }
  // bfloat16 is the upper half of a float: widening is a shift, narrowing rounds to nearest even and keeps NaN, as
  // bfloat16's own constructor does for one number.
  POFT_FN pack<T> load(bfloat16 const* from) const requires std::same_as<T, float> {
    halves stored;
    std::memcpy(&stored, from + first, sizeof stored);
    return pack<T>(std::bit_cast<typename pack<T>::vector>(__builtin_convertvector(stored, words) << 16));
  }
  POFT_FN void store(bfloat16* to, pack<T> value) const requires std::same_as<T, float> {
    words const whole   = std::bit_cast<words>(value.lanes);
    words const rounded = whole + 0x7fffu + ((whole >> 16) & 1u);
    words const kept    = (whole & 0x7fffffffu) > 0x7f800000u ? (whole | 0x00400000u) : rounded;
    halves const stored = __builtin_convertvector(kept >> 16, halves);
    std::memcpy(to + first, &stored, sizeof stored);
  }

 private:
  using words [[gnu::vector_size(register_bytes)]]      = std::uint32_t;
  using halves [[gnu::vector_size(register_bytes / 2)]] = std::uint16_t;
};

/// Position of the last, partial pack: `count` lanes are real.
template <class T>
struct tail_index {
  std::int64_t first;
  int count;

  template <class Stored>
  POFT_FN pack<T> load(Stored const* from) const {
    T lanes[pack<T>::size];
    for (int k = 0; k < pack<T>::size; ++k)
      lanes[k] = static_cast<T>(from[first + (k < count ? k : count - 1)]);
    return pack<T>::load(lanes);
  }
  template <class Stored>
  POFT_FN void store(Stored* to, pack<T> value) const {
    T lanes[pack<T>::size];
    value.store(lanes);
    for (int k = 0; k < count; ++k) to[first + k] = static_cast<Stored>(lanes[k]);
  }
  POFT_FN pack_mask<T> real_lanes() const { return pack<T>::iota() < pack<T>(static_cast<T>(count)); }
};

/// A group over elements of type T (float also for bfloat16 storage, double).
template <class T>
struct lane_group {
  using value = T;
  using lanes = pack<T>;

  /// Elements of a row that stay in the first-level cache between two looks: row algorithms that need the maximum first
  /// walk the row in pieces of this width and so read memory once.
  static constexpr std::int64_t piece = 4096;

  // `flatten` inlines the functor wherever it is called: a pack must not travel through memory.

  /// f(i) for every index of [first, last), whole packs and then the tail.
  template <class F>
  [[gnu::flatten]] static void each(std::int64_t first, std::int64_t last, F&& f) {
    std::int64_t i = first;
    for (; i + lanes::size <= last; i += lanes::size) f(pack_index<T>{i});
    if (i < last) f(tail_index<T>{i, static_cast<int>(last - i)});
  }

  /// f() once, however many work on the row.
  template <class F>
  [[gnu::flatten]] static void once(F&& f) {
    f();
  }

  /// Sum of f(i) over [first, last). f may return a pack or a small struct of packs with + and select.
  template <class F>
  [[gnu::flatten]] static auto sum(std::int64_t first, std::int64_t last, F&& f) {
    using terms      = decltype(f(pack_index<T>{0}));
    terms const zero = terms(T(0));
    terms total      = zero;
    std::int64_t i   = first;
    for (; i + lanes::size <= last; i += lanes::size) total = total + f(pack_index<T>{i});
    if (i < last) {
      tail_index<T> const tail{i, static_cast<int>(last - i)};
      total = total + select(tail.real_lanes(), f(tail), zero);
    }
    return sum_of_lanes(total);
  }

  /// Largest f(i) over [first, last); -inf for none.
  template <class F>
  [[gnu::flatten]] static T max(std::int64_t first, std::int64_t last, F&& f) {
    lanes peak[4];
    for (auto& p : peak) p = lanes(-std::numeric_limits<T>::infinity());
    constexpr int step = lanes::size;
    std::int64_t i     = first;
    using poft::max;
    for (; i + 4 * step <= last; i += 4 * step) {
      for (int k = 0; k < 4; ++k) peak[k] = max(peak[k], f(pack_index<T>{i + k * step}));
    }
    for (; i + step <= last; i += step) peak[0] = max(peak[0], f(pack_index<T>{i}));
    if (i < last) peak[1] = max(peak[1], f(tail_index<T>{i, static_cast<int>(last - i)}));
    return max_of_lanes(max(max(peak[0], peak[1]), max(peak[2], peak[3])));
  }
};

}  // namespace POFT_FLAGS
}  // namespace poft::eigen
