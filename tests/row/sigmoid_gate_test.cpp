// The sigmoid and its slope: both tails, in numbers and in lanes.
// SPDX-License-Identifier: MIT
#include "poft/row/sigmoid_gate.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "poft/backend/eigen/pack.hpp"

namespace {

// 1 / (1 + exp(-a)) and exp(-|a|) / (1 + exp(-|a|))^2 in long double.
template <class S, class T, class Lane>
void check(Lane const& lane, T tolerance) {
  for (T const a : {T(-80), T(-20), T(-3), T(-0.5), T(0), T(0.5), T(3), T(20), T(80)}) {
    poft::sigmoid_gate<S> const gate(poft::constant<S>(a));
    long double const e = std::exp(-std::abs(static_cast<long double>(a)));
    auto const value    = static_cast<T>((a > 0 ? 1 : e) / (1 + e)),
               slope    = static_cast<T>(e / ((1 + e) * (1 + e)));
    EXPECT_NEAR(lane(gate.value), value, tolerance * value) << a;
    EXPECT_NEAR(lane(gate.slope), slope, tolerance * slope) << a;
  }
  T const infinity = std::numeric_limits<T>::infinity();
  EXPECT_EQ(lane(poft::sigmoid_gate<S>(poft::constant<S>(-infinity)).value), T(0));
  EXPECT_EQ(lane(poft::sigmoid_gate<S>(poft::constant<S>(-infinity)).slope), T(0));
  EXPECT_EQ(lane(poft::sigmoid_gate<S>(poft::constant<S>(infinity)).value), T(1));
  EXPECT_EQ(lane(poft::sigmoid_gate<S>(poft::constant<S>(infinity)).slope), T(0));
}

TEST(sigmoid_gate, both_tails) {
  check<double, double>([](double x) { return x; }, 1e-15);
  check<float, float>([](float x) { return x; }, 5e-7f);
  check<poft::eigen::pack<double>, double>([](auto x) { return x.lanes[1]; }, 1e-15);
  check<poft::eigen::pack<float>, float>([](auto x) { return x.lanes[1]; }, 5e-7f);
}

}  // namespace
