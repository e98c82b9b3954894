// Student's t distribution: its distribution function, its quantiles, and the confidence interval of a mean.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include "poft/core/error.hpp"

namespace poft::bandit {

/// I_x(a, b), the regularised incomplete beta function, by its continued fraction (Press et al., Numerical Recipes, section
/// 6.4; modified Lentz). The fraction converges fast for x < (a + 1) / (a + b + 2), elsewhere I_x(a, b) = 1 - I_{1-x}(b, a).
inline double incomplete_beta(double x, double a, double b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(1 - x, b, a);
  double const smallest = std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();
  auto const away       = [=](double value) { return std::fabs(value) < smallest ? smallest : value; };
  double upper          = 1;
  double lower          = 1 / away(1 - (a + b) * x / (a + 1));
  double fraction       = lower;
  for (int m = 1; m <= 500; ++m) {
    double const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    lower             = 1 / away(1 + even * lower);
    upper             = away(1 + even / upper);
    fraction *= lower * upper;
    double const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    lower            = 1 / away(1 + odd * lower);
    upper            = away(1 + odd / upper);
    fraction *= lower * upper;
    if (std::fabs(lower * upper - 1) < 1e-15) break;
  }
  double const log_front =
      std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  return std::exp(log_front) * fraction / a;
}

/// P(T <= t) with `degrees` > 0 degrees of freedom.
inline double student_t_probability(double t, double degrees) {
  double const tail = incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2;
  return t > 0 ? 1 - tail : tail;
}

/// The t with P(T <= t) = probability, by bisection down to neighbouring doubles.
inline double student_t_quantile(double probability, double degrees) {
  if (!(probability > 0 && probability < 1)) {
    throw value_error(
        message("student_t_quantile: probability is ", probability, ", expected 0 < probability < 1"));
  }
  if (!(degrees > 0))
    throw value_error(message("student_t_quantile: degrees is ", degrees, ", expected > 0"));
  if (probability == 0.5) return 0;
  if (probability < 0.5) return -student_t_quantile(1 - probability, degrees);
  double below = 0, above = 1;
  while (student_t_probability(above, degrees) < probability) {
    below = above;
    above *= 2;
  }
  for (;;) {
    double const middle = below + (above - below) / 2;
    if (middle <= below || middle >= above) return above;
    (student_t_probability(middle, degrees) < probability ? below : above) = middle;
  }
}

/// Mean of independent numbers and the interval that covers the true mean with the given confidence.
struct mean_interval {
  double mean = 0, lower = 0, upper = 0;
};

/// mean -+ t_{n-1} s / sqrt(n). Fewer than two numbers give an unbounded interval.
inline mean_interval student_t_interval(std::span<double const> values, double confidence = 0.95) {
  double const n = static_cast<double>(values.size());
  if (n == 0) throw value_error("student_t_interval: no values, expected at least one");
  double mean = 0;
  for (double const value : values) mean += value / n;
  double const unbounded = std::numeric_limits<double>::infinity();
  if (n < 2) return {mean, -unbounded, unbounded};
  double squares = 0;
  for (double const value : values) squares += (value - mean) * (value - mean);
  double const half = student_t_quantile((1 + confidence) / 2, n - 1) * std::sqrt(squares / (n - 1) / n);
  return {mean, mean - half, mean + half};
}

}  // namespace poft::bandit
