// adamw: torch's values (golden family I), the first step by hand, lanes, and what it refuses.
// SPDX-License-Identifier: MIT
#include "poft/train/adamw.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "support/golden.hpp"

namespace poft {
namespace {

// Two lanes with no more than a pack has: the update must not need anything else.
struct two_lanes {
  double a, b;
  static two_lanes constant(double x) { return {x, x}; }
};
struct two_lanes_mask {
  bool a, b;
};
two_lanes operator+(two_lanes x, two_lanes y) { return {x.a + y.a, x.b + y.b}; }
two_lanes operator-(two_lanes x, two_lanes y) { return {x.a - y.a, x.b - y.b}; }
two_lanes operator*(two_lanes x, two_lanes y) { return {x.a * y.a, x.b * y.b}; }
two_lanes operator/(two_lanes x, two_lanes y) { return {x.a / y.a, x.b / y.b}; }
two_lanes_mask operator>(two_lanes x, two_lanes y) { return {x.a > y.a, x.b > y.b}; }
two_lanes sqrt(two_lanes x) { return {std::sqrt(x.a), std::sqrt(x.b)}; }
two_lanes select(two_lanes_mask mask, two_lanes x, two_lanes y) {
  return {mask.a ? x.a : y.a, mask.b ? x.b : y.b};
}

TEST(Adamw, GoldenValues) {
  for (auto const& one : golden::cases("I_optimisers", "adamw")) {
    auto const& hyper = one["hyper"];
    adamw const optimiser{.beta1        = hyper["beta1"],
                          .beta2        = hyper["beta2"],
                          .eps          = hyper["eps"],
                          .weight_decay = hyper["weight_decay"]};
    std::vector<double> parameters      = one["inputs"]["p0"];
    std::vector<double> const gradients = one["inputs"]["grads"], want = one["outputs"]["params"];
    std::size_t const n  = parameters.size();
    double const largest = golden::largest_finite(want);
    adamw_state<double> state(n);
    ASSERT_EQ(want.size() % n, 0u);
    for (std::size_t step = 0; step < want.size() / n; ++step) {
      optimiser.update(state, parameters, std::span(gradients).subspan(step * n, n), hyper["lr"]);
      for (std::size_t i = 0; i < n; ++i) {
        EXPECT_TRUE(golden::agree(parameters[i], want[step * n + i], largest))
            << one["name"] << ' ' << step << ' ' << i << ": " << parameters[i];
      }
    }
  }
}

TEST(Adamw, FirstStepByHand) {
  // m = g / 2, v = g^2 / 4, so both corrected moments are g and g^2 and the update is rate g / (|g| + eps): g
  // = 3, eps = 1: 3 / 4; g = -1: -1 / 2. Rate 1/2, decay 1/4: p = 2 - 2 / 8 - 3 / 8 = 1.375 and 2 - 2 / 8 + 1
  // / 4 = 2.
  adamw const optimiser{.beta1 = 0.5, .beta2 = 0.75, .eps = 1, .weight_decay = 0.25};
  std::vector<double> p{2, 2};
  std::vector<double> const g{3, -1};
  adamw_state<double> state(2);
  optimiser.update(state, p, g, 0.5);
  EXPECT_NEAR(p[0], 1.375, 1e-15);
  EXPECT_NEAR(p[1], 2, 1e-15);
  EXPECT_EQ(state.first_moment, (std::vector<double>{1.5, -0.5}));
  EXPECT_EQ(state.second_moment, (std::vector<double>{2.25, 0.25}));
  EXPECT_EQ(state.steps, 1);
}

TEST(Adamw, WithoutEpsWhereNoGradientEverCameOnlyTheDecayActs) {
  adamw const optimiser{.eps = 0, .weight_decay = 0.5};
  std::vector<float> p{8};
  std::vector<float> const g{0};
  adamw_state<float> state(1);
  optimiser.update(state, p, g, 0.25);
  EXPECT_EQ(p[0], 7.0f);  // 8 - 0.25 * 0.5 * 8
}

TEST(Adamw, LanesAndNumbersTakeTheSameStep) {
  adamw const optimiser{};
  auto const lanes_step  = optimiser.step<two_lanes>(3, 0.01);
  auto const number_step = optimiser.step<double>(3, 0.01);
  two_lanes p{1, -2}, m{0.5, 0.25}, v{2, 3};
  lanes_step(p, m, v, {0.125, -4});
  double one_p = -2, one_m = 0.25, one_v = 3;
  number_step(one_p, one_m, one_v, -4);
  EXPECT_EQ(p.b, one_p);
  EXPECT_EQ(m.b, one_m);
  EXPECT_EQ(v.b, one_v);
}

TEST(Adamw, TheCorrectionIsAccurateInFloat) {
  // Under a constant gradient of 1 both corrected moments are 1 and every step moves by rate / (1 + eps),
  // here by 1. In float, 1 - 0.9999 keeps 4 digits, and the steps would be off by 1e-4.
  adamw const optimiser{.beta1 = 0.9, .beta2 = 0.9999, .eps = 1e-12, .weight_decay = 0};
  std::vector<float> p{0};
  std::vector<float> const g{1};
  adamw_state<float> state(1);
  for (int t = 1; t <= 3; ++t) {
    optimiser.update(state, p, g, 1);
    EXPECT_NEAR(p[0], -t, 2e-6);
  }
}

TEST(Adamw, RefusesWhatItCannotUse) {
  double const nan      = std::numeric_limits<double>::quiet_NaN(),
               infinity = std::numeric_limits<double>::infinity();
  std::vector<double> p{1, 2};
  std::vector<double> const g{3, 4};
  adamw_state<double> state(2);
  for (adamw const& optimiser :
       {adamw{.beta1 = -0.1}, adamw{.beta1 = 1}, adamw{.beta1 = nan}, adamw{.beta2 = -0.1}, adamw{.beta2 = 1},
        adamw{.beta2 = nan}, adamw{.eps = -1e-8}, adamw{.eps = nan}, adamw{.weight_decay = -1},
        adamw{.weight_decay = infinity}}) {
    EXPECT_THROW(optimiser.update(state, p, g, 0.1), value_error);
  }
  for (double rate : {-0.1, nan, infinity}) EXPECT_THROW(adamw{}.update(state, p, g, rate), value_error);

  adamw_state<double> shorter(1), uneven(2);
  uneven.second_moment.resize(1);
  EXPECT_THROW(adamw{}.update(shorter, p, g, 0.1), shape_error);
  EXPECT_THROW(adamw{}.update(uneven, p, g, 0.1), shape_error);
  EXPECT_THROW(adamw{}.update(state, p, std::span(g).first(1), 0.1), shape_error);
  EXPECT_EQ(p, (std::vector<double>{1, 2})) << "nothing is half done";
  EXPECT_EQ(state.steps, 0);
}

}  // namespace
}  // namespace poft
