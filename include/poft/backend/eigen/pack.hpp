// A pack: as many lanes of one number type as the target's registers hold, with the vocabulary of scalar/functions.hpp.
// SPDX-License-Identifier: MIT
//
// Written on the vector types of g++ and clang, which are what Eigen's packets are too: on AVX-512 a comparison followed by
// select is then a mask register, and exp keeps its exact limits (Eigen 3.4's float version overflows at 88.03 there).
// exp and log reduce their argument and end in the plain Taylor and atanh series, whose coefficients need no table; their
// errors are below 2 units in the last place. No function here is libm's, so lanes of a tail equal the others bit for bit.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "poft/backend/eigen/flags.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::eigen {
inline namespace POFT_FLAGS {

/// Bytes of the widest register.
#if defined(__AVX512F__) && defined(__AVX512DQ__)
inline constexpr int register_bytes = 64;
#elif defined(__AVX__)
inline constexpr int register_bytes = 32;
#else
inline constexpr int register_bytes = 16;
#endif

template <class T>
struct pack_types;
template <>
struct pack_types<float> {
  using lanes [[gnu::vector_size(register_bytes)]] = float;
  using bits [[gnu::vector_size(register_bytes)]]  = std::int32_t;
};
template <>
struct pack_types<double> {
  using lanes [[gnu::vector_size(register_bytes)]] = double;
  using bits [[gnu::vector_size(register_bytes)]]  = std::int64_t;
};

/// One truth value per lane (all bits set or none).
template <class T>
struct pack_mask {
  typename pack_types<T>::bits bits;

  POFT_FN friend pack_mask operator&(pack_mask a, pack_mask b) { return {a.bits & b.bits}; }
  POFT_FN friend pack_mask operator|(pack_mask a, pack_mask b) { return {a.bits | b.bits}; }
  POFT_FN friend pack_mask operator!(pack_mask a) { return {~a.bits}; }
};

/// Numbers that differ between the two element types.
template <class T>
struct pack_constants;
template <>
struct pack_constants<float> {
  static constexpr int mantissa_bits = 23, exponent_bias = 127, exp_terms = 7, log_terms = 5, log1p_terms = 8;
  static constexpr float round_magic = 12582912.0f;  // 1.5 * 2^23: added, it leaves an integer in the low bits
  static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440054690583e-4f;
  static constexpr float exp_lowest = -104.0f, exp_highest = 89.0f, tanh_saturated = 10.0f;
};
template <>
struct pack_constants<double> {
  static constexpr int mantissa_bits = 52, exponent_bias = 1023, exp_terms = 13, log_terms = 12,
                       log1p_terms    = 17;
  static constexpr double round_magic = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr double ln2_high = 6.93145751953125e-1, ln2_low = 1.42860682030941723212e-6;
  static constexpr double exp_lowest = -746.0, exp_highest = 710.0, tanh_saturated = 22.0;
};

template <class T>
struct pack {
  using vector              = typename pack_types<T>::lanes;
  using bits                = typename pack_types<T>::bits;
  using integer             = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  using numbers             = pack_constants<T>;
  using mask                = pack_mask<T>;
  static constexpr int size = register_bytes / static_cast<int>(sizeof(T));

  vector lanes;

  pack() = default;
  POFT_FN explicit pack(vector v) : lanes(v) {}
  template <std::same_as<T> U>
  POFT_FN explicit pack(U value) : lanes(value - vector{}) {}  // 0 + value would lose the sign of -0
  /// A parameter or literal in every lane.
  POFT_FN static pack constant(double value) { return pack(static_cast<T>(value)); }

  POFT_FN static pack load(T const* from) {
    pack out;
    std::memcpy(&out.lanes, from, sizeof out.lanes);
    return out;
  }
  POFT_FN void store(T* to) const { std::memcpy(to, &lanes, sizeof lanes); }
  /// 0, 1, 2, ... in the lanes.
  POFT_FN static pack iota() {
    pack out;
    for (int k = 0; k < size; ++k) out.lanes[k] = static_cast<T>(k);
    return out;
  }

  POFT_FN friend pack operator-(pack a) { return pack(-a.lanes); }
  POFT_FN friend pack operator+(pack a, pack b) { return pack(a.lanes + b.lanes); }
  POFT_FN friend pack operator-(pack a, pack b) { return pack(a.lanes - b.lanes); }
  POFT_FN friend pack operator*(pack a, pack b) { return pack(a.lanes * b.lanes); }
  POFT_FN friend pack operator/(pack a, pack b) { return pack(a.lanes / b.lanes); }
  POFT_FN friend mask operator<(pack a, pack b) { return {a.lanes < b.lanes}; }
  POFT_FN friend mask operator>(pack a, pack b) { return {a.lanes > b.lanes}; }
  POFT_FN friend mask operator<=(pack a, pack b) { return {a.lanes <= b.lanes}; }
  POFT_FN friend mask operator>=(pack a, pack b) { return {a.lanes >= b.lanes}; }

  POFT_FN friend pack select(mask m, pack a, pack b) { return pack(m.bits ? a.lanes : b.lanes); }
  // A NaN in the second is kept, as for plain numbers.
  POFT_FN friend pack max(pack a, pack b) { return pack(native_max(a.lanes, b.lanes)); }
  POFT_FN friend pack min(pack a, pack b) { return pack(native_min(a.lanes, b.lanes)); }
  POFT_FN friend pack abs(pack a) {
    return pack(std::bit_cast<vector>(std::bit_cast<bits>(a.lanes) & std::numeric_limits<integer>::max()));
  }
  POFT_FN friend pack sqrt(pack a) { return pack(native_sqrt(a.lanes)); }

  /// a * b + c, rounded once where the target can.
  POFT_FN static pack multiply_add(pack a, pack b, pack c) {
#if defined(__FMA__)
    return pack(fused(a.lanes, b.lanes, c.lanes));
#else
    return a * b + c;
#endif
  }

  POFT_FN friend pack exp(pack a) {
    reduced const r = reduce(a);
    return scale_by_power_of_two(multiply_add(r.rest, taylor(r.rest), pack(T(1))), r);
  }
  POFT_FN friend pack expm1(pack a) {
    reduced const r = reduce(a);
    return select({r.bits_of_n() == 0}, r.rest * taylor(r.rest), exp(a) - pack(T(1)));
  }
  POFT_FN friend pack log(pack a) {
    pack const zero(T(0)), infinity(std::numeric_limits<T>::infinity()),
        nan(std::numeric_limits<T>::quiet_NaN());
    pack const inside = log_of_normal(a);
    return select(a > zero, select(a < infinity, inside, a),
                  select(a < zero, nan, select(a >= zero, -infinity, a)));
  }
  POFT_FN friend pack log1p(pack a) {
    pack const one(T(1)), infinity(std::numeric_limits<T>::infinity());
    pack const u       = one + a;
    pack const rounded = (a - (u - one)) / u;  // what 1 + a lost
    pack const inside  = log(u) + rounded;
    return select(u > pack(T(0)), select(u < infinity, inside, u), log(u));
  }
  /// log1p on [0, 1], where the atanh series needs no reduction: softplus lives here.
  POFT_FN friend pack log1p_of_unit(pack a) { return two_atanh<numbers::log1p_terms>(a / (pack(T(2)) + a)); }
  POFT_FN friend pack tanh(pack a) {
    pack const limit(numbers::tanh_saturated);
    pack const bounded = select(a > limit, limit, select(a < -limit, -limit, a));
    pack const e       = expm1(bounded + bounded);
    return e / (e + pack(T(2)));
  }

 private:
  // What the vector types have no operator for: fused multiply-add, max, min and sqrt as instructions, scaling by 2^n.
#if defined(__AVX512F__) && defined(__AVX512DQ__)
  POFT_FN static auto fused(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
  POFT_FN static auto fused(__m512d a, __m512d b, __m512d c) { return _mm512_fmadd_pd(a, b, c); }
  POFT_FN static auto native_max(__m512 a, __m512 b) { return _mm512_max_ps(a, b); }
  POFT_FN static auto native_max(__m512d a, __m512d b) { return _mm512_max_pd(a, b); }
  POFT_FN static auto native_min(__m512 a, __m512 b) { return _mm512_min_ps(a, b); }
  POFT_FN static auto native_min(__m512d a, __m512d b) { return _mm512_min_pd(a, b); }
  POFT_FN static auto native_sqrt(__m512 a) { return _mm512_sqrt_ps(a); }
  POFT_FN static auto native_sqrt(__m512d a) { return _mm512_sqrt_pd(a); }
  POFT_FN static auto scaled(__m512 a, __m512 n) { return _mm512_scalef_ps(a, n); }
  POFT_FN static auto scaled(__m512d a, __m512d n) { return _mm512_scalef_pd(a, n); }
#else
#if defined(__FMA__)
  POFT_FN static auto fused(__m256 a, __m256 b, __m256 c) { return _mm256_fmadd_ps(a, b, c); }
  POFT_FN static auto fused(__m256d a, __m256d b, __m256d c) { return _mm256_fmadd_pd(a, b, c); }
#endif
#if defined(__AVX__)
  POFT_FN static auto native_sqrt(__m256 a) { return _mm256_sqrt_ps(a); }
  POFT_FN static auto native_sqrt(__m256d a) { return _mm256_sqrt_pd(a); }
#elif defined(__SSE2__)
  POFT_FN static auto native_sqrt(__m128 a) { return _mm_sqrt_ps(a); }
  POFT_FN static auto native_sqrt(__m128d a) { return _mm_sqrt_pd(a); }
#else
  POFT_FN static vector native_sqrt(vector a) {
    for (int k = 0; k < size; ++k) a[k] = std::sqrt(a[k]);
    return a;
  }
#endif
  POFT_FN static vector native_max(vector a, vector b) { return a > b ? a : b; }
  POFT_FN static vector native_min(vector a, vector b) { return a < b ? a : b; }
#endif

  /// a = n log 2 + rest, |rest| <= log(2) / 2; n as a number, and n + round_magic, whose low bits hold it as an integer.
  struct reduced {
    pack n, shifted, rest;
    POFT_FN bits bits_of_n() const {
      return std::bit_cast<bits>(shifted.lanes) - std::bit_cast<integer>(numbers::round_magic);
    }
  };
  POFT_FN static reduced reduce(pack a) {
    // Beyond these bounds exp is 0 or inf anyway, and inf - inf does not arise.
    pack const bounded = min(pack(numbers::exp_highest), max(pack(numbers::exp_lowest), a));
    pack const magic(numbers::round_magic);
    pack const shifted = multiply_add(bounded, pack(T(1.4426950408889634)), magic);
    pack const n       = shifted - magic;
    pack const rest =
        multiply_add(n, pack(-numbers::ln2_low), multiply_add(n, pack(-numbers::ln2_high), bounded));
    return {n, shifted, rest};
  }
  POFT_FN static pack scale_by_power_of_two(pack y, reduced const& r) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
    return pack(scaled(y.lanes, r.n.lanes));
#else
    // In two factors, so that n may reach past both ends of the exponent's range.
    bits const n = r.bits_of_n(), half = n >> 1;
    return y * power_of_two(half) * power_of_two(n - half);
#endif
  }
  POFT_FN static pack power_of_two(bits n) {
    return pack(std::bit_cast<vector>((n + numbers::exponent_bias) << numbers::mantissa_bits));
  }

  /// (exp(r) - 1) / r = 1 + r/2 (1 + r/3 (1 + ...)), as 1 + r/2! + r^2/3! + ...
  POFT_FN static pack taylor(pack r) {
    constexpr auto inverse_factorial = [](int k) {
      double f = 1;
      for (int j = 2; j <= k; ++j) f *= j;
      return static_cast<T>(1 / f);
    };
    pack sum(inverse_factorial(numbers::exp_terms));
#pragma GCC unroll 16  // -O2 does not, and computes the factorials again in every call
    for (int k = numbers::exp_terms - 1; k >= 1; --k) sum = multiply_add(sum, r, pack(inverse_factorial(k)));
    return sum;
  }
  /// log((1 + s) / (1 - s)) = 2 s (1 + s^2/3 + s^4/5 + ...)
  template <int Terms>
  POFT_FN static pack two_atanh(pack s) {
    pack const squared = s * s;
    pack sum(T(1.0 / (2 * Terms - 1)));
#pragma GCC unroll 16
    for (int k = Terms - 2; k >= 1; --k) sum = multiply_add(sum, squared, pack(T(1.0 / (2 * k + 1))));
    pack const twice = s + s;
    return multiply_add(twice * squared, sum, twice);
  }
  /// log for a in (0, inf): a = 2^n m with m in [sqrt(1/2), sqrt(2)).
  POFT_FN static pack log_of_normal(pack a) {
    mask const tiny     = a < pack(std::numeric_limits<T>::min());
    pack const scaled   = select(tiny, a * pack(T(integer{1} << numbers::mantissa_bits)), a);
    bits const raw      = std::bit_cast<bits>(scaled.lanes);
    bits const offset   = raw - std::bit_cast<integer>(T(0.70710678118654752));
    bits const exponent = offset >> numbers::mantissa_bits;
    pack const m(std::bit_cast<vector>(raw - (exponent << numbers::mantissa_bits)));
    pack const n = pack(__builtin_convertvector(exponent, vector)) -
                   select(tiny, pack(T(numbers::mantissa_bits)), pack(T(0)));
    pack const log_m = two_atanh<numbers::log_terms>((m - pack(T(1))) / (m + pack(T(1))));
    return multiply_add(n, pack(numbers::ln2_high), multiply_add(n, pack(numbers::ln2_low), log_m));
  }
};

/// The sum and the largest of all lanes, by halves: an order that is always the same.
template <class T>
POFT_FN T sum_of_lanes(pack<T> a) {
  T part[pack<T>::size];
  a.store(part);
  for (int width = pack<T>::size / 2; width > 0; width /= 2) {
    for (int k = 0; k < width; ++k) part[k] += part[k + width];
  }
  return part[0];
}
template <class T>
POFT_FN T max_of_lanes(pack<T> a) {
  T part[pack<T>::size];
  a.store(part);
  T peak = part[0];
  for (int k = 1; k < pack<T>::size; ++k) peak = poft::max(peak, part[k]);
  return peak;
}

}  // namespace POFT_FLAGS
}  // namespace poft::eigen

namespace poft {

template <class T>
inline constexpr bool is_real_v<eigen::pack<T>> = true;
template <class T>
struct element_of<eigen::pack<T>> {
  using type = T;
};

}  // namespace poft
