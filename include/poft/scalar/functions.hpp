// The closed vocabulary of functions that objectives are written in, for plain numbers; packs of lanes and dual numbers
// add overloads of the same names, found by argument-dependent lookup.
// SPDX-License-Identifier: MIT
//
// Two kinds: elementary functions (a pack brings its own) and compositions (written once here, for every real type, in
// the form that neither overflows nor cancels). An objective may use these names and + - * / and comparisons, nothing
// else: no `if` on a value, because a pack has no single truth; select(mask, a, b) evaluates both arms, so clamp the
// argument of an arm rather than its result.
#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>

#include "poft/core/config.hpp"

namespace poft {

/// float, double, and (by specialisation) packs of them: what a dual number may hold.
template <class T>
inline constexpr bool is_real_v = std::is_floating_point_v<T>;
template <class T>
concept real = is_real_v<T>;

/// The type of frozen quantities beside S: a dual number's value type, otherwise S itself. What is frozen cannot carry
/// a derivative, so a gradient through a reference model or an advantage cannot be written.
template <class S>
struct value_of {
  using type = S;
};
template <class S>
using value_t = typename value_of<S>::type;

/// The floating-point type of one element: float for float, for a pack of floats, and for a dual of either.
template <class S>
struct element_of {
  using type = S;
};
template <class S>
using element_t = typename element_of<S>::type;

/// A parameter or literal (always double) in the scalar type of a formula; no function of the vocabulary mixes types.
template <class S>
POFT_FN constexpr S constant(double value) {
  if constexpr (std::is_floating_point_v<S>) {
    return static_cast<S>(value);
  } else {
    return S::constant(value);
  }
}

template <std::floating_point T>
POFT_FN T exp(T x) {
  return std::exp(x);
}
template <std::floating_point T>
POFT_FN T log(T x) {
  return std::log(x);
}
template <std::floating_point T>
POFT_FN T log1p(T x) {
  return std::log1p(x);
}
/// log1p on [0, 1], where lanes have a shorter way.
template <std::floating_point T>
POFT_FN T log1p_of_unit(T x) {
  return std::log1p(x);
}
template <std::floating_point T>
POFT_FN T expm1(T x) {
  return std::expm1(x);
}
template <std::floating_point T>
POFT_FN T sqrt(T x) {
  return std::sqrt(x);
}
template <std::floating_point T>
POFT_FN T tanh(T x) {
  return std::tanh(x);
}
template <std::floating_point T>
POFT_FN T abs(T x) {
  return std::abs(x);
}

/// mask ? a : b, for one bool; packs and duals bring their own.
template <std::floating_point T>
POFT_FN constexpr T select(bool mask, T a, T b) {
  return mask ? a : b;
}

/// The larger one; of a tie the derivative is the first's, so max(constant, x) has slope 0 at the kink, as a rectifier. A NaN
/// in the second argument is kept.
template <std::floating_point T>
POFT_FN constexpr T max(T a, T b) {
  return a > b ? a : b;
}
/// The smaller one; of a tie the derivative is the first's. A NaN in the second argument is kept.
template <std::floating_point T>
POFT_FN constexpr T min(T a, T b) {
  return a < b ? a : b;
}

/// x limited to [low, high]; slope 1 inside and on the bounds, 0 outside.
template <class S>
POFT_FN S clamp(S x, value_t<S> low, value_t<S> high) {
  return select(x < low, S(low), select(x > high, S(high), x));
}

template <class S>
POFT_FN S square(S x) {
  return x * x;
}

/// The value without its derivative.
template <real T>
POFT_FN T stop_gradient(T x) {
  return x;
}

/// log(1 + exp(x)) and its slope, from one exponential.
template <real T>
struct softplus_and_sigmoid_result {
  T softplus, sigmoid;
};
template <real T>
POFT_FN softplus_and_sigmoid_result<T> softplus_and_sigmoid(T x) {
  T const zero = constant<T>(0), one = constant<T>(1);
  T const e    = exp(-abs(x));  // in (0, 1]: neither sign of x overflows
  T const tail = e / (one + e);
  return {max(zero, x) + log1p_of_unit(e), select(x > zero, one - tail, tail)};
}

/// log(1 + exp(x)).
template <real T>
POFT_FN T softplus(T x) {
  return max(constant<T>(0), x) + log1p_of_unit(exp(-abs(x)));
}

/// log(1 / (1 + exp(-x))), never written as log(sigmoid(x)), which is -inf below about -90 in float.
template <class S>
POFT_FN S log_sigmoid(S x) {
  return -softplus(-x);
}

/// sigmoid(-|x|), which neither sign of x overflows: the smaller one of sigmoid(x) and sigmoid(-x), exact where it is tiny.
template <real T>
POFT_FN T smaller_sigmoid(T x) {
  T const e = exp(-abs(x));
  return e / (constant<T>(1) + e);
}

/// 1 / (1 + exp(-x)).
template <real T>
POFT_FN T sigmoid(T x) {
  T const tail = smaller_sigmoid(x);
  return select(x > constant<T>(0), constant<T>(1) - tail, tail);
}

/// log(1 - exp(x)) for x <= 0, and what the slopes of the two functions below are made of. 1 - exp(x) is -expm1(x) above
/// -log 2 (Maechler 2012) and a difference below it, whose rounding is made good to first order: one logarithm serves both.
template <real T>
struct log1mexp_result {
  T value, exponential, inverse;  // log(1 - exp(x)), exp(x), 1 / (1 - exp(x))
};
template <real T>
POFT_FN log1mexp_result<T> log1mexp_in_parts(T x) {
  T const zero = constant<T>(0), one = constant<T>(1);
  T const bounded     = min(zero, x);
  auto const is_small = bounded > constant<T>(-0.6931471805599453);
  T const e           = exp(bounded);
  T const complement  = select(is_small, zero - expm1(bounded), one - e);  // 0 - 0 is +0
  T const inverse     = one / complement;
  T const lost        = (one - complement) - e;
  return {log(complement) + select(is_small, zero, lost * inverse), e, inverse};
}

/// log(1 - exp(x)) for x <= 0. Rounding may leave a log-prob a hair above 0; it counts as 0, where the value is -inf.
template <real T>
POFT_FN T log1mexp(T x) {
  return log1mexp_in_parts(x).value;
}

/// log(p / (1 - p)) for a log-probability x = log p <= 0.
template <real T>
POFT_FN T log_odds(T x) {
  return x - log1mexp(x);
}

/// exp(x) - x - 1, accurate near 0 (series, where the difference would cancel).
template <real T>
POFT_FN T expm1_minus(T x) {
  // |x| <= 1/4: x^2/2 (1 + x/3 (1 + x/4 (1 + ... x/12))), truncated below 1e-17 relative.
  T series = constant<T>(1);
  for (int k = 12; k >= 3; --k) series = constant<T>(1) + series * x * constant<T>(1.0 / k);
  series = series * x * x * constant<T>(0.5);
  return select(abs(x) < constant<T>(0.25), series, expm1(x) - x);
}

/// log(exp(a) + exp(b)).
template <class S>
POFT_FN S log_add_exp(S a, S b) {
  return select(a > b, a, b) + softplus(-abs(a - b));
}

}  // namespace poft
