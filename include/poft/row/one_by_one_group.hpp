// one_by_one_group: the readable oracle. One element at a time, sums in double; tests compare every other group with it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>

#include "poft/core/config.hpp"

namespace poft {

template <class T>
struct one_by_one_group {
  using value = T;

  static constexpr std::int64_t piece = std::numeric_limits<std::int64_t>::max() / 2;

  POFT_ANY_CALLER
  template <class F>
  POFT_FN static void each(std::int64_t first, std::int64_t last, F&& f) {
    for (std::int64_t i = first; i < last; ++i) f(i);
  }
  POFT_ANY_CALLER
  template <class F>
  POFT_FN static void once(F&& f) {
    f();
  }
  POFT_ANY_CALLER
  template <class F>
  POFT_FN static auto sum(std::int64_t first, std::int64_t last, F&& f) {
    using terms = decltype(f(std::int64_t{0}));
    terms total = terms(T(0));
    for (std::int64_t i = first; i < last; ++i) total = total + f(i);
    return total;
  }
  POFT_ANY_CALLER
  template <class F>
  POFT_FN static T max(std::int64_t first, std::int64_t last, F&& f) {
    T peak = -std::numeric_limits<T>::infinity();
    for (std::int64_t i = first; i < last; ++i) {
      T const x = f(i);
      peak      = peak >= x ? peak : x;
    }
    return peak;
  }
};

}  // namespace poft
