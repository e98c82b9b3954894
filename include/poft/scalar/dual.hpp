// Forward-mode dual numbers: a value and its derivatives in N directions, over a plain number or a pack of lanes.
// SPDX-License-Identifier: MIT
//
// f(x + e_k) = f(x) + f'(x) e_k with e_i e_k = 0, applied eagerly: trivially copyable, no expression templates, the same
// on a CUDA thread. Above each function stands its rule. The values are those of the plain function, bit for bit; a
// derivative that is infinite (log at 0) stays infinite.
#pragma once

#include "poft/scalar/functions.hpp"

namespace poft {

template <real T, int N>
struct dual {
  static_assert(N > 0, "dual: needs at least one direction; a formula without live inputs has no gradient");

  T value{};
  T partial[N]{};

  dual() = default;
  /// A quantity that does not depend on the inputs.
  POFT_FN explicit dual(T v) : value(v) {
    for (int k = 0; k < N; ++k) partial[k] = poft::constant<T>(0);
  }
  /// A parameter or literal.
  POFT_FN static dual constant(double v) { return dual(poft::constant<T>(v)); }
  /// The input of direction `direction`.
  POFT_FN dual(T v, int direction) : dual(v) { partial[direction] = poft::constant<T>(1); }

  /// value v, slope times the derivatives of x: the chain rule.
  POFT_FN static dual chain(T v, T slope, dual const& x) {
    dual out;
    out.value = v;
    for (int k = 0; k < N; ++k) out.partial[k] = slope * x.partial[k];
    return out;
  }

  // -(a) -> -a'
  POFT_FN friend dual operator-(dual const& a) {
    dual out;
    out.value = -a.value;
    for (int k = 0; k < N; ++k) out.partial[k] = -a.partial[k];
    return out;
  }
  // a + b -> a' + b'
  POFT_FN friend dual operator+(dual const& a, dual const& b) {
    dual out;
    out.value = a.value + b.value;
    for (int k = 0; k < N; ++k) out.partial[k] = a.partial[k] + b.partial[k];
    return out;
  }
  // a - b -> a' - b'
  POFT_FN friend dual operator-(dual const& a, dual const& b) {
    dual out;
    out.value = a.value - b.value;
    for (int k = 0; k < N; ++k) out.partial[k] = a.partial[k] - b.partial[k];
    return out;
  }
  // a b -> a' b + a b'
  POFT_FN friend dual operator*(dual const& a, dual const& b) {
    dual out;
    out.value = a.value * b.value;
    for (int k = 0; k < N; ++k) out.partial[k] = a.partial[k] * b.value + a.value * b.partial[k];
    return out;
  }
  // a / b -> (a' - (a / b) b') / b
  POFT_FN friend dual operator/(dual const& a, dual const& b) {
    T const inverse = poft::constant<T>(1) / b.value;
    dual out;
    out.value = a.value / b.value;
    for (int k = 0; k < N; ++k) out.partial[k] = (a.partial[k] - out.value * b.partial[k]) * inverse;
    return out;
  }

  // With a frozen number of exactly type T: float beside double would silently compute in double, so it does not compile.
  template <std::same_as<T> U>
  POFT_FN friend dual operator+(dual a, U b) {
    a.value = a.value + b;
    return a;
  }
  template <std::same_as<T> U>
  POFT_FN friend dual operator+(U a, dual const& b) {
    return b + a;
  }
  template <std::same_as<T> U>
  POFT_FN friend dual operator-(dual a, U b) {
    a.value = a.value - b;
    return a;
  }
  template <std::same_as<T> U>
  POFT_FN friend dual operator-(U a, dual const& b) {
    dual out  = -b;
    out.value = a - b.value;
    return out;
  }
  template <std::same_as<T> U>
  POFT_FN friend dual operator*(dual const& a, U b) {
    return chain(a.value * b, b, a);
  }
  template <std::same_as<T> U>
  POFT_FN friend dual operator*(U a, dual const& b) {
    return b * a;
  }
  template <std::same_as<T> U>
  POFT_FN friend dual operator/(dual const& a, U b) {
    return chain(a.value / b, poft::constant<T>(1) / b, a);
  }
  // a / b -> -(a / b) / b b'
  template <std::same_as<T> U>
  POFT_FN friend dual operator/(U a, dual const& b) {
    T const ratio = a / b.value;
    return chain(ratio, -ratio / b.value, b);
  }

  // Comparisons look at values only and give a mask (bool, or one bool per lane), for select.
  POFT_FN friend auto operator<(dual const& a, dual const& b) { return a.value < b.value; }
  POFT_FN friend auto operator>(dual const& a, dual const& b) { return a.value > b.value; }
  POFT_FN friend auto operator<=(dual const& a, dual const& b) { return a.value <= b.value; }
  POFT_FN friend auto operator>=(dual const& a, dual const& b) { return a.value >= b.value; }
  template <std::same_as<T> U>
  POFT_FN friend auto operator<(dual const& a, U b) {
    return a.value < b;
  }
  template <std::same_as<T> U>
  POFT_FN friend auto operator>(dual const& a, U b) {
    return a.value > b;
  }
  template <std::same_as<T> U>
  POFT_FN friend auto operator<=(dual const& a, U b) {
    return a.value <= b;
  }
  template <std::same_as<T> U>
  POFT_FN friend auto operator>=(dual const& a, U b) {
    return a.value >= b;
  }

  // select(m, a, b) -> m ? a' : b'; the arm not taken may hold anything, it is never multiplied by 0
  template <class Mask>
  POFT_FN friend dual select(Mask mask, dual const& a, dual const& b) {
    dual out;
    out.value = select(mask, a.value, b.value);
    for (int k = 0; k < N; ++k) out.partial[k] = select(mask, a.partial[k], b.partial[k]);
    return out;
  }
  // max(a, b) -> a' where a >= b, else b'
  POFT_FN friend dual max(dual const& a, dual const& b) { return select(a.value >= b.value, a, b); }
  template <std::same_as<T> U>
  POFT_FN friend dual max(U a, dual const& b) {
    return max(dual(a), b);
  }
  // min(a, b) -> a' where a <= b, else b'
  POFT_FN friend dual min(dual const& a, dual const& b) { return select(a.value <= b.value, a, b); }
  template <std::same_as<T> U>
  POFT_FN friend dual min(U a, dual const& b) {
    return min(dual(a), b);
  }
  // |a| -> sign(a) a', 0 at 0
  POFT_FN friend dual abs(dual const& a) {
    T const zero = poft::constant<T>(0), one = poft::constant<T>(1);
    return chain(abs(a.value), select(a.value > zero, one, select(a.value < zero, -one, zero)), a);
  }

  // exp(a) -> exp(a) a'
  POFT_FN friend dual exp(dual const& a) {
    T const e = exp(a.value);
    return chain(e, e, a);
  }
  // log(a) -> a' / a
  POFT_FN friend dual log(dual const& a) { return chain(log(a.value), poft::constant<T>(1) / a.value, a); }
  // log1p(a) -> a' / (1 + a)
  POFT_FN friend dual log1p(dual const& a) {
    return chain(log1p(a.value), poft::constant<T>(1) / (poft::constant<T>(1) + a.value), a);
  }
  // expm1(a) -> exp(a) a'
  POFT_FN friend dual expm1(dual const& a) { return chain(expm1(a.value), exp(a.value), a); }
  // sqrt(a) -> a' / (2 sqrt(a))
  POFT_FN friend dual sqrt(dual const& a) {
    T const root = sqrt(a.value);
    return chain(root, poft::constant<T>(0.5) / root, a);
  }
  // tanh(a) -> (1 - tanh(a)^2) a'
  POFT_FN friend dual tanh(dual const& a) {
    T const t = tanh(a.value);
    return chain(t, (poft::constant<T>(1) - t) * (poft::constant<T>(1) + t), a);
  }
  // softplus(a) -> sigmoid(a) a'
  POFT_FN friend dual softplus(dual const& a) {
    auto const both = softplus_and_sigmoid(a.value);
    return chain(both.softplus, both.sigmoid, a);
  }
  // sigmoid(a) -> sigmoid(a) sigmoid(-a) a'
  POFT_FN friend dual sigmoid(dual const& a) {
    T const tail = smaller_sigmoid(a.value);
    return chain(sigmoid(a.value), tail * (poft::constant<T>(1) - tail), a);
  }
  // log1mexp(a) -> -exp(a) / (1 - exp(a)) a'
  POFT_FN friend dual log1mexp(dual const& a) {
    auto const parts = log1mexp_in_parts(a.value);
    return chain(parts.value, -(parts.exponential * parts.inverse), a);
  }
  // log_odds(a) -> a' / (1 - exp(a))
  POFT_FN friend dual log_odds(dual const& a) {
    auto const parts = log1mexp_in_parts(a.value);
    return chain(a.value - parts.value, parts.inverse, a);
  }
  // expm1_minus(a) -> expm1(a) a'
  POFT_FN friend dual expm1_minus(dual const& a) { return chain(expm1_minus(a.value), expm1(a.value), a); }

  POFT_FN friend T stop_gradient(dual const& a) { return a.value; }
};

template <class T, int N>
struct value_of<dual<T, N>> {
  using type = T;
};
template <class T, int N>
struct element_of<dual<T, N>> {
  using type = element_t<T>;
};

template <class S>
inline constexpr bool is_dual_v = false;
template <class T, int N>
inline constexpr bool is_dual_v<dual<T, N>> = true;

}  // namespace poft
