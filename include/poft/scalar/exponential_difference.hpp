// A difference of exponentials, for f-divergences and AlphaPO: neither inf - inf nor cancellation.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/scalar/dual.hpp"

namespace poft {

/// The value below and exp(half its larger exponent), whose square is a slope.
template <real T>
struct exponential_difference_result {
  T value, root;
};
template <real T>
POFT_FN exponential_difference_result<T> exponential_difference_in_parts(T a, T b, T rate) {
  T const zero        = constant<T>(0);
  T const ascent      = rate * (a - b);
  T const root        = exp(constant<T>(0.5) * max(rate * a, rate * b));
  T const size        = root * -expm1(-abs(ascent)) * root * (constant<T>(1) / rate);
  T const signed_size = select(ascent > zero, size, select(ascent < zero, -size, ascent));
  return {select(abs(rate) > zero, signed_size, a - b), root};
}

/// (exp(rate a) - exp(rate b)) / rate, and its limit a - b at rate 0. A tie is 0 however large the
/// exponentials are; the value is infinite only where it exceeds the type (half of the exponent on either
/// side of the small factor).
template <real T>
POFT_FN T exponential_difference(T a, T b, T rate) {
  return exponential_difference_in_parts(a, b, rate).value;
}

/// Bounds of the slopes below; a factor of 2^24 is left for what multiplies them.
template <class Element>
inline constexpr Element smallest_slope = std::numeric_limits<Element>::min();
template <class Element>
inline constexpr Element largest_slope = std::numeric_limits<Element>::max() / 16777216;

// exponential_difference(a, b, rate) -> exp(rate a) a' - exp(rate b) b'. Both slopes are held inside the
// range of the type: where the outer function is flat the product must be 0, not 0 inf.
template <real T, int N>
POFT_FN dual<T, N> exponential_difference(dual<T, N> const& a, dual<T, N> const& b, T rate) {
  T const lowest = T(smallest_slope<element_t<T>>), highest = T(largest_slope<element_t<T>>);
  auto const parts    = exponential_difference_in_parts(a.value, b.value, rate);
  T const larger      = clamp(parts.root * parts.root, lowest, highest);
  T const smaller     = clamp(exp(min(rate * a.value, rate * b.value)), lowest, highest);
  auto const a_larger = rate * a.value > rate * b.value;
  T const rise = select(a_larger, larger, smaller), descent = select(a_larger, smaller, larger);
  dual<T, N> out;
  out.value = parts.value;
  for (int k = 0; k < N; ++k) out.partial[k] = rise * a.partial[k] - descent * b.partial[k];
  return out;
}

}  // namespace poft
