// Storage for 16-bit brain floats: the upper half of a float, laid out as CUDA's __nv_bfloat16.
// SPDX-License-Identifier: MIT
//
// Storage only: there is no arithmetic, and both conversions are explicit, so that every rounding is visible
// where it happens. Formulas load float, compute in float, and store.
#pragma once

#include <concepts>
#include <cstdint>

#include "poft/core/config.hpp"

namespace poft {

/// 1 sign, 8 exponent and 7 mantissa bits: the range of float, 2 to 3 digits. Subnormal numbers are kept.
struct bfloat16 {
  std::uint16_t bits;

  bfloat16() = default;

  /// Rounds to nearest, ties to even; from 2^128 - 2^119 (half a step above the largest) on the result is
  /// infinite. A NaN stays one: sign and upper payload are kept, the quiet bit is set (the lower payload
  /// alone would leave an infinity). Only from float: through double or int, two roundings could hide in one
  /// conversion.
  template <std::same_as<float> Float>
  POFT_FN explicit constexpr bfloat16(Float value) : bits(0) {
    // Not const: nvcc 13.0 then stops with an internal error.
    std::uint32_t whole = __builtin_bit_cast(std::uint32_t, value);
    bool const is_nan   = (whole & 0x7fffffffu) > 0x7f800000u;
    // Adding half a step, less one where the kept part is even, carries exactly when the nearest is above.
    auto const rounded = is_nan ? whole | 0x00400000u : whole + 0x7fffu + (whole >> 16 & 1u);
    bits               = static_cast<std::uint16_t>(rounded >> 16);
  }

  /// Exact.
  template <std::floating_point Float>
  POFT_FN explicit constexpr operator Float() const {
    return static_cast<Float>(__builtin_bit_cast(float, static_cast<std::uint32_t>(bits) << 16));
  }

  POFT_FN static constexpr bfloat16 from_bits(std::uint16_t bits) {
    bfloat16 number(0.0f);
    number.bits = bits;
    return number;
  }
};

static_assert(sizeof(bfloat16) == 2 && alignof(bfloat16) == 2);

}  // namespace poft
