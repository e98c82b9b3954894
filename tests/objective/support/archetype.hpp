// A number with exactly the vocabulary that formulas may use: no conversions, no operators with other types.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "poft/scalar/functions.hpp"

namespace checks {

/// A float that hides it. A formula that compiles for it works for anything that has the vocabulary; duals are made over it.
struct archetype {
  struct truth {
    bool is;
  };
  float hidden{};

  archetype() = default;
  explicit archetype(float x) : hidden(x) {}
  template <class Other>
  archetype(Other) = delete;
  static archetype constant(double x) { return archetype(static_cast<float>(x)); }

  friend archetype operator-(archetype a) { return archetype(-a.hidden); }
  friend archetype operator+(archetype a, archetype b) { return archetype(a.hidden + b.hidden); }
  friend archetype operator-(archetype a, archetype b) { return archetype(a.hidden - b.hidden); }
  friend archetype operator*(archetype a, archetype b) { return archetype(a.hidden * b.hidden); }
  friend archetype operator/(archetype a, archetype b) { return archetype(a.hidden / b.hidden); }
  // Not bool: an `if` on a value does not compile.
  friend truth operator<(archetype a, archetype b) { return {a.hidden < b.hidden}; }
  friend truth operator>(archetype a, archetype b) { return {a.hidden > b.hidden}; }
  friend truth operator<=(archetype a, archetype b) { return {a.hidden <= b.hidden}; }
  friend truth operator>=(archetype a, archetype b) { return {a.hidden >= b.hidden}; }
  friend archetype select(truth mask, archetype a, archetype b) { return mask.is ? a : b; }
  friend archetype max(archetype a, archetype b) { return archetype(poft::max(a.hidden, b.hidden)); }
  friend archetype min(archetype a, archetype b) { return archetype(poft::min(a.hidden, b.hidden)); }

  friend archetype abs(archetype a) { return archetype(std::abs(a.hidden)); }
  friend archetype exp(archetype a) { return archetype(std::exp(a.hidden)); }
  friend archetype log(archetype a) { return archetype(std::log(a.hidden)); }
  friend archetype log1p(archetype a) { return archetype(std::log1p(a.hidden)); }
  friend archetype log1p_of_unit(archetype a) { return archetype(std::log1p(a.hidden)); }
  friend archetype expm1(archetype a) { return archetype(std::expm1(a.hidden)); }
  friend archetype sqrt(archetype a) { return archetype(std::sqrt(a.hidden)); }
  friend archetype tanh(archetype a) { return archetype(std::tanh(a.hidden)); }
};

}  // namespace checks

template <>
inline constexpr bool poft::is_real_v<checks::archetype> = true;
template <>
struct poft::element_of<checks::archetype> {
  using type = float;
};
