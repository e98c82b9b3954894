// Every derivative rule against central differences, the chain and product rules, and what happens at limits.
// SPDX-License-Identifier: MIT
#include "poft/scalar/dual.hpp"

#include <gtest/gtest.h>

namespace {

using poft::dual;
using variable = dual<double, 1>;

// f is called with a dual and with a double; the difference quotient of step h has an error of about h^2 f''' / 6.
template <class F>
void expect_derivative(char const* name, F f, std::initializer_list<double> points) {
  for (double x : points) {
    double const h       = 1e-5 * (x == 0 ? 1.0 : std::abs(x));
    double const numeric = (f(x + h) - f(x - h)) / (2 * h);
    variable const got   = f(variable(x, 0));
    EXPECT_EQ(got.value, f(x)) << name << " at " << x;  // bit for bit the plain value
    EXPECT_NEAR(got.partial[0], numeric, 1e-8 * std::max(1.0, std::abs(numeric))) << name << " at " << x;
  }
}

#define POFT_TEST_DERIVATIVE(function, ...) \
  expect_derivative(#function,              \
                    [](auto x) {            \
                      using namespace poft; \
                      return function(x);   \
                    },                      \
                    {__VA_ARGS__})

TEST(dual, rules_of_functions) {
  POFT_TEST_DERIVATIVE(exp, -3, 0, 2);
  POFT_TEST_DERIVATIVE(log, 0.1, 1, 7);
  POFT_TEST_DERIVATIVE(log1p, -0.5, 0, 3);
  POFT_TEST_DERIVATIVE(expm1, -2, 0, 1.5);
  POFT_TEST_DERIVATIVE(sqrt, 0.3, 2);
  POFT_TEST_DERIVATIVE(tanh, -2, 0, 0.7);
  POFT_TEST_DERIVATIVE(abs, -2, 3);
  POFT_TEST_DERIVATIVE(softplus, -20, -1, 0, 1, 20);
  POFT_TEST_DERIVATIVE(sigmoid, -5, 0, 2);
  POFT_TEST_DERIVATIVE(log1mexp, -5, -0.7, -0.6, -0.01);
  POFT_TEST_DERIVATIVE(log_odds, -5, -0.7, -0.6, -0.01);
  POFT_TEST_DERIVATIVE(expm1_minus, -2, -0.1, 0.1, 2);
  POFT_TEST_DERIVATIVE(square, -2, 3);
  POFT_TEST_DERIVATIVE(log_sigmoid, -3, 0, 3);
}

TEST(dual, rules_of_operators) {
  expect_derivative("arithmetic", [](auto x) { return (x * x - 2.0) / (x + 3.0) + 1.5 / x - x * 0.25; },
                    {-2.0, 0.5, 4.0});
  expect_derivative("log_add_exp", [](auto x) { return poft::log_add_exp(x, x * 0.5); }, {-3.0, 1.0});
  expect_derivative("clamp", [](auto x) { return poft::clamp(x * x, 0.5, 2.0); }, {0.3, 1.0, 3.0});
  expect_derivative("max, min",
                    [](auto x) {
                      using namespace poft;
                      return max(0.0, x) + min(1.0, x);
                    },
                    {-2.0, 0.5, 3.0});
}

TEST(dual, several_directions) {
  // f(x, y) = x y^2: df/dx = y^2 = 9, df/dy = 2 x y = 12.
  dual<double, 2> const x(2.0, 0), y(3.0, 1), f = x * y * y;
  EXPECT_EQ(f.value, 18);
  EXPECT_EQ(f.partial[0], 9);
  EXPECT_EQ(f.partial[1], 12);
}

TEST(dual, stable_derivatives_at_the_limits) {
  EXPECT_EQ(softplus(variable(1e5, 0)).partial[0], 1.0);
  EXPECT_EQ(softplus(variable(-1e5, 0)).partial[0], 0.0);
  // d log(1 - e^x)/dx = -1/expm1(-x): about 1/x near 0-, not 0 * inf.
  EXPECT_DOUBLE_EQ(log1mexp(variable(-1e-12, 0)).partial[0], -1e12 + 0.5);
  EXPECT_EQ(log1mexp(variable(-1e5, 0)).partial[0], 0.0);
  EXPECT_EQ(log1mexp(variable(0.0, 0)).partial[0], -INFINITY);
  EXPECT_EQ(log_odds(variable(0.0, 0)).partial[0], INFINITY);
  EXPECT_EQ(log_odds(variable(-1e5, 0)).partial[0], 1.0);
}

TEST(dual, the_arm_not_taken_leaves_no_trace) {
  // log(0) has an infinite slope; multiplied by 0 it would be NaN.
  variable const x(0.0, 0);
  variable const picked = select(x.value > 0.0, log(x), x * 2.0);
  EXPECT_EQ(picked.value, 0.0);
  EXPECT_EQ(picked.partial[0], 2.0);
}

TEST(dual, kinks) {
  EXPECT_EQ(max(0.0, variable(0.0, 0)).partial[0],
            0.0);  // the constant stands first: slope of a rectifier at 0
  EXPECT_EQ(abs(variable(0.0, 0)).partial[0], 0.0);
  EXPECT_EQ(poft::clamp(variable(2.0, 0), -1.0, 2.0).partial[0], 1.0);  // on the bound
  EXPECT_EQ(stop_gradient(variable(2.0, 0)), 2.0);
}

}  // namespace
