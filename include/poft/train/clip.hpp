// Clipping gradients by their global norm.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <ranges>
#include <span>
#include <type_traits>

#include "poft/core/error.hpp"

namespace poft {

namespace detail {
/// Calls f with a span of each array: `gradients` is one contiguous range of numbers, or a range of such
/// ranges.
template <class Gradients, class F>
void for_each_array(Gradients&& gradients, F f) {
  if constexpr (std::floating_point<std::ranges::range_value_t<Gradients>>) {
    f(std::span(gradients));
  } else {
    for (auto&& array : gradients) f(std::span(array));
  }
}

// sum (scale x)^2 over all arrays, in eight interleaved partial sums: additions need not wait for each other,
// and the order is the same on every machine.
template <class Gradients>
double sum_of_squares(Gradients const& gradients, double scale) {
  std::array<double, 8> sums{};
  for_each_array(gradients, [&](auto array) {
    for (std::size_t i = 0; i < array.size(); ++i) {
      double const x = scale * static_cast<double>(array[i]);
      sums[i % 8] += x * x;
    }
  });
  double total = 0;
  for (double sum : sums) total += sum;
  return total;
}
}  // namespace detail

/// sqrt(sum of all squares), summed in double, without overflow or underflow on the way. value_error with the
/// place of a gradient that is infinite or NaN.
template <class Gradients>
double global_norm(Gradients const& gradients) {
  double const plain = detail::sum_of_squares(gradients, 1);
  if (plain > 1e-280 && plain < 1e300) return std::sqrt(plain);

  double largest     = 0;
  std::size_t arrays = 0;
  detail::for_each_array(gradients, [&](auto array) {
    for (std::size_t i = 0; i < array.size(); ++i) {
      if (!std::isfinite(array[i])) {
        throw value_error(message("global_norm: gradient ", i, " of array ", arrays, " is ", array[i],
                                  ", expected a finite number"));
      }
      largest = std::max(largest, static_cast<double>(std::abs(array[i])));
    }
    ++arrays;
  });
  if (largest == 0) return 0;
  int exponent;  // of two, so that scaling rounds nothing; bounded, since its inverse must stay finite
  std::frexp(largest, &exponent);
  exponent = std::max(exponent, -1000);
  return std::ldexp(std::sqrt(detail::sum_of_squares(gradients, std::ldexp(1.0, -exponent))), exponent);
}

/// Multiplies all gradients by min(1, max_norm / (norm + eps)), with one norm over all of them. eps = 1e-6 is
/// torch.nn.utils.clip_grad_norm_; with 0 the clipped norm is max_norm. max_norm may be infinite: nothing is
/// clipped.
struct clip_global_norm {
  double max_norm = 1;
  double eps      = 1e-6;

  struct result {
    double norm;    // before clipping
    double factor;  // what the gradients are multiplied by; 1: they are untouched
  };

  void check() const {
    if (!(max_norm > 0)) {
      throw value_error(message("clip_global_norm: max_norm is ", max_norm, ", expected > 0"));
    }
    if (!(eps >= 0 && std::isfinite(eps))) {
      throw value_error(message("clip_global_norm: eps is ", eps, ", expected finite and >= 0"));
    }
  }

  result of_norm(double norm) const { return {norm, std::min(1.0, max_norm / (norm + eps))}; }

  /// `gradients`: one contiguous range of numbers (a span, a vector), or a range of such ranges; changed in
  /// place.
  template <class Gradients>
  result operator()(Gradients&& gradients) const {
    check();
    result const clipped = of_norm(global_norm(gradients));
    if (clipped.factor < 1) {
      detail::for_each_array(gradients, [&](auto array) {
        for (auto& gradient : array) {
          gradient *= static_cast<std::remove_cvref_t<decltype(gradient)>>(clipped.factor);
        }
      });
    }
    return clipped;
  }
};

}  // namespace poft
