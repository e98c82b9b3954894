// Schedules: Hugging Face's values (golden family I), what happens past the end, and what is refused.
// SPDX-License-Identifier: MIT
#include "poft/train/schedule.hpp"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "support/golden.hpp"

namespace poft {
namespace {

template <class Schedule>
void expect_factors(nlohmann::json const& one, Schedule const& schedule) {
  std::vector<std::int64_t> const steps = one["inputs"]["step"];
  std::vector<double> const want        = one["outputs"]["factor"];
  ASSERT_EQ(steps.size(), want.size());
  double const largest = golden::largest_finite(want);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_TRUE(golden::agree(schedule(steps[i]), want[i], largest)) << one["name"] << ' ' << steps[i];
  }
}

TEST(Schedule, GoldenValues) {
  for (auto const& one : golden::cases("I_optimisers", "cosine_schedule")) {
    auto const& hyper = one["hyper"];
    cosine_schedule const schedule{.warmup = hyper["warmup"],
                                   .total  = hyper["total"],
                                   .cycles = hyper["cycles"],
                                   .end    = past_end::go_on};
    expect_factors(one, schedule);
  }
  for (auto const& one : golden::cases("I_optimisers", "linear_schedule")) {
    expect_factors(one, linear_schedule{.warmup = one["hyper"]["warmup"], .total = one["hyper"]["total"]});
  }
}

TEST(Schedule, CosineByHand) {
  // Warm-up 2, total 6: 0, 1/2, then (1 + cos(pi k / 4)) / 2 for k = 0 ... 4.
  cosine_schedule const schedule{.warmup = 2, .total = 6};
  EXPECT_EQ(schedule(0), 0);
  EXPECT_EQ(schedule(1), 0.5);
  EXPECT_EQ(schedule(2), 1);
  EXPECT_NEAR(schedule(3), 0.85355339059327376, 1e-15);  // (1 + sqrt(1/2)) / 2
  EXPECT_NEAR(schedule(4), 0.5, 1e-15);
  EXPECT_NEAR(schedule(6), 0, 1e-15);
}

TEST(Schedule, PastTheEndTheCosineStaysUnlessToldToGoOn) {
  cosine_schedule schedule{.warmup = 2, .total = 6};
  EXPECT_NEAR(schedule(8), 0, 1e-15);
  EXPECT_NEAR(schedule(1000), 0, 1e-15);
  schedule.end = past_end::go_on;
  EXPECT_NEAR(schedule(8), 0.5, 1e-15);  // (1 + cos(3 pi / 2)) / 2
  EXPECT_EQ((linear_schedule{.warmup = 2, .total = 6}(1000)), 0);
}

TEST(Schedule, ConstantAfterTheWarmUp) {
  constant_schedule const schedule{.warmup = 4};
  EXPECT_EQ(schedule(0), 0);
  EXPECT_EQ(schedule(3), 0.75);
  EXPECT_EQ(schedule(4), 1);
  EXPECT_EQ(schedule(1000000), 1);
  EXPECT_EQ(constant_schedule{}(0), 1);
}

TEST(Schedule, RefusesWhatItCannotUse) {
  EXPECT_THROW(constant_schedule{}(-1), value_error);
  EXPECT_THROW(constant_schedule{.warmup = -1}(0), value_error);
  EXPECT_THROW((linear_schedule{.warmup = 7, .total = 6}(0)), value_error);
  EXPECT_THROW((cosine_schedule{.warmup = 7, .total = 6}(0)), value_error);
  EXPECT_THROW((cosine_schedule{.total = 6, .cycles = std::numeric_limits<double>::infinity()}(0)),
               value_error);
  EXPECT_THROW((cosine_schedule{.total = 6}(-1)), value_error);
}

}  // namespace
}  // namespace poft
