// float16: every bit pattern, and the roundings that go wrong elsewhere (ties, overflow, subnormals, NaN).
// SPDX-License-Identifier: MIT
#include "poft/core/float16.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace poft {
namespace {

static_assert(std::is_trivial_v<float16> && std::is_standard_layout_v<float16>);
static_assert(!std::is_convertible_v<float, float16> && !std::is_convertible_v<float16, float>);
static_assert(!std::is_constructible_v<float16, double> && !std::is_constructible_v<float16, int>);
static_assert(float16(1.0f).bits == 0x3c00 && static_cast<float>(float16::from_bits(0x3c00)) == 1.0f);
static_assert(static_cast<double>(float16(-2.5f)) == -2.5);
static_assert(float16(0x1p-24f).bits == 1);

std::uint16_t rounded_to_float16(float value) { return float16(value).bits; }
float value_of_float16(std::uint32_t bits) {
  return static_cast<float>(float16::from_bits(static_cast<std::uint16_t>(bits)));
}
/// IEEE 754, section 3.4: (-1)^sign 2^(exponent - 15) (1 + mantissa / 1024), and 2^-14 mantissa / 1024 where the exponent is 0.
double value_by_definition(std::uint32_t bits) {
  int const exponent = static_cast<int>(bits >> 10 & 31), mantissa = static_cast<int>(bits & 1023);
  double const magnitude =
      exponent > 0 ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24);
  return bits & 0x8000 ? -magnitude : magnitude;
}

TEST(Float16, EveryPatternSurvivesTheWayThroughFloat) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    float const value     = value_of_float16(bits);
    std::uint32_t const m = bits & 0x7fff;
    EXPECT_EQ(std::isnan(value), m > 0x7c00) << bits;
    EXPECT_EQ(std::isinf(value), m == 0x7c00) << bits;
    EXPECT_EQ(std::signbit(value), bits >> 15 == 1) << bits;
    if (m < 0x7c00) {
      EXPECT_EQ(value, value_by_definition(bits)) << bits;
    }
    EXPECT_EQ(rounded_to_float16(value), m > 0x7c00 ? bits | 0x0200 : bits);
  }
}

// Between every two neighbours of one sign: the middle goes to the even one, a hair beside it to the nearer one.
TEST(Float16, RoundsToNearestTiesToEven) {
  for (std::uint32_t sign : {0u, 0x8000u}) {
    for (std::uint32_t low = 0; low < 0x7bff; ++low) {
      std::uint32_t const below = sign | low, above = below + 1;
      double const exact_middle = (value_by_definition(below) + value_by_definition(above)) / 2;
      float const middle        = static_cast<float>(exact_middle);
      ASSERT_EQ(middle, exact_middle);
      EXPECT_EQ(rounded_to_float16(middle), low % 2 == 0 ? below : above);
      EXPECT_EQ(rounded_to_float16(std::nextafter(middle, 0.0f)), below);
      EXPECT_EQ(rounded_to_float16(std::nextafter(middle, 2 * middle)), above);
    }
  }
}

TEST(Float16, WorkedExamples) {
  // The step at 1 is 2^-10: 1 + 2^-11 is a tie between 1 (even) and 1 + 2^-10; 1 + 3 * 2^-11 goes up to 1 + 2^-9 (even).
  EXPECT_EQ(static_cast<float>(float16(1.00048828125f)), 1.0f);
  EXPECT_EQ(static_cast<float>(float16(1.00146484375f)), 1.001953125f);
  // 3.14159274: the step at 2 is 2^-9, 3.14159274 * 512 = 1608.5 - 0.0045, so 1608 / 512.
  EXPECT_EQ(static_cast<float>(float16(3.14159274f)), 3.140625f);
  EXPECT_EQ(rounded_to_float16(-0.0f), 0x8000);
}

TEST(Float16, OverflowsToInfinityFromHalfAStepAboveTheLargest) {
  EXPECT_EQ(value_of_float16(0x7bff), 65504.0f);
  EXPECT_EQ(rounded_to_float16(65519.996f), 0x7bff);
  EXPECT_EQ(rounded_to_float16(65520.0f), 0x7c00);
  EXPECT_EQ(rounded_to_float16(-65520.0f), 0xfc00);
  EXPECT_EQ(rounded_to_float16(std::numeric_limits<float>::max()), 0x7c00);
  EXPECT_EQ(rounded_to_float16(-std::numeric_limits<float>::infinity()), 0xfc00);
}

TEST(Float16, UnderflowsToZeroAtHalfTheSmallest) {
  EXPECT_EQ(rounded_to_float16(0x1p-25f), 0x0000) << "a tie with 0, which is even";
  EXPECT_EQ(rounded_to_float16(std::nextafter(0x1p-25f, 1.0f)), 0x0001);
  EXPECT_EQ(rounded_to_float16(-std::numeric_limits<float>::denorm_min()), 0x8000);
}

TEST(Float16, ANaNWithOnlyLowerPayloadIsNoInfinity) {
  for (std::uint32_t whole : {0x7f800001u, 0xff800001u, 0x7f801fffu, 0x7fffffffu, 0xffffffffu}) {
    float16 const number(std::bit_cast<float>(whole));
    EXPECT_TRUE(std::isnan(static_cast<float>(number))) << whole;
    EXPECT_EQ(number.bits >> 15, whole >> 31) << whole;
  }
}

}  // namespace
}  // namespace poft
