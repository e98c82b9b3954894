// Storage for IEEE 754 half-precision floats, laid out as CUDA's __half.
// SPDX-License-Identifier: MIT
//
// Storage only, as bfloat16.hpp: there is no arithmetic, and both conversions are explicit.
#pragma once

#include <concepts>
#include <cstdint>

#include "poft/core/config.hpp"

namespace poft {

/// 1 sign, 5 exponent and 10 mantissa bits: up to 65504, 3 digits. Subnormal numbers are kept.
struct float16 {
  std::uint16_t bits;

  float16() = default;

  /// Rounds to nearest, ties to even; from 65520 (half a step above the largest) on the result is infinite. A NaN stays one:
  /// sign and upper payload are kept, the quiet bit is set. Only from float: through double or int, two roundings could hide
  /// in one conversion.
  template <std::same_as<float> Float>
  POFT_FN explicit constexpr float16(Float value) : bits(0) {
    std::uint32_t whole     = __builtin_bit_cast(std::uint32_t, value);
    std::uint32_t magnitude = whole & 0x7fffffffu;
    std::uint32_t rounded   = 0;
    if (magnitude > 0x7f800000u) {
      rounded = 0x7e00u | (magnitude >> 13 & 0x03ffu);
    } else if (magnitude >= 0x477ff000u) {  // 65520
      rounded = 0x7c00u;
    } else if (magnitude >= 0x38800000u) {  // 2^-14: normal. The exponent's bias changes from 127 to 15
      rounded = (magnitude - 0x38000000u + 0x0fffu + (magnitude >> 13 & 1u)) >> 13;
    } else {  // the sum's last bit is worth 2^-24, as the subnormals' is, and the addition rounds to it
      rounded = __builtin_bit_cast(std::uint32_t, __builtin_bit_cast(float, magnitude) + 0.5f) - 0x3f000000u;
    }
    bits = static_cast<std::uint16_t>((whole >> 16 & 0x8000u) | rounded);
  }

  /// Exact.
  template <std::floating_point Float>
  POFT_FN explicit constexpr operator Float() const {
    std::uint32_t const sign      = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
    std::uint32_t const magnitude = bits & 0x7fffu;
    std::uint32_t whole           = 0;
    if (magnitude >= 0x7c00u) {  // infinite or NaN
      whole = 0x7f800000u | (magnitude & 0x03ffu) << 13;
    } else if (magnitude >= 0x0400u) {
      whole = (magnitude << 13) + 0x38000000u;
    } else {
      whole = __builtin_bit_cast(std::uint32_t, static_cast<float>(magnitude) * 0x1p-24f);
    }
    return static_cast<Float>(__builtin_bit_cast(float, sign | whole));
  }

  POFT_FN static constexpr float16 from_bits(std::uint16_t bits) {
    float16 number(0.0f);
    number.bits = bits;
    return number;
  }
};

static_assert(sizeof(float16) == 2 && alignof(float16) == 2);

}  // namespace poft
