// bfloat16: every bit pattern, and the roundings that go wrong elsewhere (ties, overflow, subnormals, NaN).
// SPDX-License-Identifier: MIT
#include "poft/core/bfloat16.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <gtest/gtest.h>

namespace poft {
namespace {

static_assert(std::is_trivial_v<bfloat16> && std::is_standard_layout_v<bfloat16>);
static_assert(!std::is_convertible_v<float, bfloat16> && !std::is_convertible_v<bfloat16, float>);
static_assert(std::is_constructible_v<bfloat16, float>);
static_assert(!std::is_constructible_v<bfloat16, double> && !std::is_constructible_v<bfloat16, int>);
static_assert(bfloat16(1.0f).bits == 0x3f80 && static_cast<float>(bfloat16::from_bits(0x3f80)) == 1.0f);
static_assert(static_cast<double>(bfloat16(-2.5f)) == -2.5);

std::uint16_t rounded_to_bfloat16(float value) { return bfloat16(value).bits; }
float value_of_bfloat16(std::uint32_t bits) {
  return static_cast<float>(bfloat16::from_bits(static_cast<std::uint16_t>(bits)));
}

TEST(Bfloat16, EveryPatternSurvivesTheWayThroughFloat) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    float const value = value_of_bfloat16(bits);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(value), bits << 16);
    bool const is_nan = (bits & 0x7fff) > 0x7f80;
    EXPECT_EQ(std::isnan(value), is_nan) << bits;
    EXPECT_EQ(rounded_to_bfloat16(value), is_nan ? bits | 0x0040 : bits);
  }
}

// Between every two neighbours of one sign: the middle goes to the even one, a hair beside it to the nearer
// one.
TEST(Bfloat16, RoundsToNearestTiesToEven) {
  for (std::uint32_t sign : {0u, 0x8000u}) {
    for (std::uint32_t low = 0; low < 0x7f80; ++low) {  // the last upper neighbour is infinity
      std::uint32_t const below = sign | low, above = below + 1, middle = (below << 16) + 0x8000;
      EXPECT_EQ(rounded_to_bfloat16(std::bit_cast<float>(middle)), low % 2 == 0 ? below : above);
      EXPECT_EQ(rounded_to_bfloat16(std::bit_cast<float>(middle - 1)), below);
      EXPECT_EQ(rounded_to_bfloat16(std::bit_cast<float>(middle + 1)), above);
    }
  }
}

TEST(Bfloat16, WorkedExamples) {
  // The step at 1 is 2^-7: 1 + 2^-8 is a tie between 1 (even) and 1 + 2^-7; 1 + 3 * 2^-8 between 1 + 2^-7 and
  // 1 + 2^-6 (even).
  EXPECT_EQ(static_cast<float>(bfloat16(1.00390625f)), 1.0f);
  EXPECT_EQ(static_cast<float>(bfloat16(1.01171875f)), 1.015625f);
  // 3.14159274: the step at 2 is 2^-6, 3.14159274 * 64 = 201.06, so 201 / 64.
  EXPECT_EQ(static_cast<float>(bfloat16(3.14159274f)), 3.140625f);
  EXPECT_EQ(rounded_to_bfloat16(-0.0f), 0x8000);
}

TEST(Bfloat16, OverflowsToInfinityFromHalfAStepAboveTheLargest) {
  float const largest           = value_of_bfloat16(0x7f7f);  // 2^128 - 2^120
  float const half_a_step_above = std::ldexp(511.0f, 119);    // 2^128 - 2^119
  EXPECT_EQ(largest, std::ldexp(255.0f, 120));
  EXPECT_EQ(rounded_to_bfloat16(half_a_step_above), 0x7f80);
  EXPECT_EQ(rounded_to_bfloat16(std::nextafter(half_a_step_above, 0.0f)), 0x7f7f);
  EXPECT_EQ(rounded_to_bfloat16(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_EQ(rounded_to_bfloat16(std::numeric_limits<float>::lowest()), 0xff80);
  EXPECT_EQ(rounded_to_bfloat16(std::numeric_limits<float>::infinity()), 0x7f80);
}

TEST(Bfloat16, KeepsSubnormals) {
  EXPECT_EQ(value_of_bfloat16(0x0001), std::ldexp(1.0f, -133));  // 2^-126 * 2^-7
  EXPECT_EQ(rounded_to_bfloat16(std::ldexp(1.0f, -133)), 0x0001);
  EXPECT_EQ(rounded_to_bfloat16(std::ldexp(1.0f, -134)), 0x0000)
      << "half the smallest is a tie with 0, which is even";
  EXPECT_EQ(rounded_to_bfloat16(std::ldexp(1.5f, -134)), 0x0001);
  EXPECT_EQ(rounded_to_bfloat16(std::ldexp(3.0f, -134)), 0x0002) << "a tie between 1 and 2 smallest";
  EXPECT_EQ(rounded_to_bfloat16(std::numeric_limits<float>::denorm_min()), 0x0000);
}

TEST(Bfloat16, ANaNWithOnlyLowerPayloadIsNoInfinity) {
  for (std::uint32_t whole : {0x7f800001u, 0xff800001u, 0x7f80ffffu, 0x7fffffffu, 0xffffffffu}) {
    auto const number = bfloat16(std::bit_cast<float>(whole));
    EXPECT_TRUE(std::isnan(static_cast<float>(number))) << whole;
    EXPECT_EQ(number.bits >> 15, whole >> 31) << whole;
  }
}

}  // namespace
}  // namespace poft
