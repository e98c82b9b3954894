// clip_global_norm: torch's values (golden family I), several arrays as one, extremes, and what it refuses.
// SPDX-License-Identifier: MIT
#include "poft/train/clip.hpp"

#include <array>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/golden.hpp"

namespace poft {
namespace {

void expect_agree(std::vector<double> const& got, std::vector<double> const& want, std::string const& where) {
  ASSERT_EQ(got.size(), want.size());
  double const largest = golden::largest_finite(want);
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_TRUE(golden::agree(got[i], want[i], largest)) << where << ' ' << i;
}

TEST(Clip, GoldenValues) {
  for (auto const& one : golden::cases("I_optimisers", "clip_global_norm")) {
    for (auto const& [eps, suffix] : {std::pair{1e-6, "_eps1e-6"}, std::pair{0.0, "_eps0"}}) {
      std::vector<double> first = one["inputs"]["g1"], second = one["inputs"]["g2"];
      std::array const arrays{std::span(first), std::span(second)};
      auto const clipped      = clip_global_norm{.max_norm = one["hyper"]["max_norm"], .eps = eps}(arrays);
      auto const& want        = one["outputs"];
      std::string const where = std::string(one["name"]) + suffix;
      expect_agree({clipped.norm}, {want["norm"]}, where);
      expect_agree({clipped.factor}, {want[std::string("coef") + suffix]}, where);
      expect_agree(first, want[std::string("g1") + suffix], where);
      expect_agree(second, want[std::string("g2") + suffix], where);
    }
  }
}

TEST(Clip, ByHand) {
  // sqrt(3^2 + 4^2 + 12^2) = 13; to norm 6.5: halved.
  std::vector<float> whole{3, 4, 12};
  auto const clipped = clip_global_norm{.max_norm = 6.5, .eps = 0}(whole);
  EXPECT_EQ(clipped.norm, 13);
  EXPECT_EQ(clipped.factor, 0.5);
  EXPECT_EQ(whole, (std::vector<float>{1.5f, 2, 6}));

  std::vector<std::vector<float>> parts{{3}, {}, {4, 12}};
  EXPECT_EQ(clip_global_norm{.max_norm = 26}(parts).factor, 1) << "a norm below the limit is left alone";
  EXPECT_EQ(parts[2][1], 12);
  EXPECT_EQ(global_norm(parts), 13);
  EXPECT_EQ(global_norm(std::vector<double>{}), 0);
}

TEST(Clip, ExtremesNeitherOverflowNorVanish) {
  std::vector<double> large{3e200, -4e200}, small{3e-200, 4e-200}, subnormal{3e-320, 4e-320};
  EXPECT_NEAR(global_norm(large) / 5e200, 1, 1e-15);
  EXPECT_NEAR(global_norm(small) / 5e-200, 1, 1e-15);
  EXPECT_NEAR(global_norm(subnormal) / 5e-320, 1, 1e-3) << "a subnormal of 5e-320 has 4 digits";
  std::vector<float> const floats{3e38f, 3e38f};
  EXPECT_NEAR(global_norm(floats) / (3e38 * 1.4142135623730951), 1, 1e-7);

  clip_global_norm{.max_norm = 1}(large);
  EXPECT_NEAR(large[0], 0.6, 1e-15);
  EXPECT_NEAR(large[1], -0.8, 1e-15);

  std::vector<double> zero{0, -0.0};
  EXPECT_EQ((clip_global_norm{.max_norm = 1, .eps = 0}(zero).factor), 1);
  EXPECT_EQ((clip_global_norm{.max_norm = std::numeric_limits<double>::infinity()}(small).factor), 1);
}

TEST(Clip, RefusesWhatItCannotUse) {
  double const nan      = std::numeric_limits<double>::quiet_NaN(),
               infinity = std::numeric_limits<double>::infinity();
  std::vector<double> g{3, 4};
  for (double limit : {0.0, -1.0, nan}) EXPECT_THROW(clip_global_norm{.max_norm = limit}(g), value_error);
  for (double eps : {-1e-6, nan, infinity})
    EXPECT_THROW((clip_global_norm{.max_norm = 1, .eps = eps}(g)), value_error);
  EXPECT_EQ(g, (std::vector<double>{3, 4}));

  std::vector<std::vector<double>> bad{{1, 2}, {3, nan, 4}};
  try {
    clip_global_norm{}(bad);
    FAIL() << "a NaN was taken";
  } catch (value_error const& e) {
    EXPECT_STREQ(e.what(), "global_norm: gradient 1 of array 1 is nan, expected a finite number");
  }
  bad[1][1] = -infinity;
  EXPECT_THROW(global_norm(bad), value_error);
  EXPECT_EQ(bad[0], (std::vector<double>{1, 2}));
}

}  // namespace
}  // namespace poft
