// Layer normalisation of one row and its derivative, written once over a group.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "poft/core/config.hpp"
#include "poft/row/row.hpp"
#include "poft/scalar/functions.hpp"

namespace poft {

/// What the forward pass keeps of a row.
template <class T>
struct row_moments {
  T mean;
  T inverse_deviation;  // 1 / sqrt(variance + epsilon)
};

/// Ba, Kiros, Hinton 2016, arXiv:1607.06450, eq. 3 and 4, with the variance's divisor `width`:
///
///   y_i = gain_i (x_i - mean) / sqrt(variance + epsilon) + bias_i
///
/// The variance is summed from differences to the mean: E[x^2] - mean^2 cancels. y may be x.
template <class Group, class T>
POFT_FN row_moments<compute_t<T>> layer_norm_row(Group group, row<T const> x, row<T const> gain,
                                                 row<T const> bias, row<T> y, std::int64_t width,
                                                 compute_t<T> epsilon) {
  using C          = compute_t<T>;
  C const share    = C(1) / static_cast<C>(width);
  C const mean     = share * group.sum(std::int64_t{0}, width, [=](auto i) { return x[i]; });
  C const variance = share * group.sum(std::int64_t{0}, width, [=](auto i) {
    using S = decltype(x[i]);
    return square(x[i] - S(mean));
  });
  C const inverse  = C(1) / sqrt(variance + epsilon);
  group.each(std::int64_t{0}, width, [=](auto i) {
    using S = decltype(x[i]);
    y.set(i, gain[i] * ((x[i] - S(mean)) * S(inverse)) + bias[i]);
  });
  return {mean, inverse};
}

/// With n_i = (x_i - mean) inverse_deviation and g_i = gain_i d_y_i:
///
///   d_x_i = inverse_deviation (g_i - mean_j g_j - n_i mean_j (g_j n_j))
///
/// Onto: it is added to what d_x holds, the derivative by a residual; else d_x may be d_y.
template <class Group, class T, bool Onto>
POFT_FN void layer_norm_backward_row(Group group, row<T const> x, row_moments<compute_t<T>> moments,
                                     row<T const> gain, row<T const> d_y, row<T> d_x, std::int64_t width) {
  auto const normalised = [=](auto i) {
    using S = decltype(x[i]);
    return (x[i] - S(moments.mean)) * S(moments.inverse_deviation);
  };
  auto const sums = group.sum(std::int64_t{0}, width, [=](auto i) {
    terms<decltype(x[i]), 2> out;
    out.at[0] = gain[i] * d_y[i];
    out.at[1] = out.at[0] * normalised(i);
    return out;
  });
  using C         = compute_t<T>;
  C const share   = C(1) / static_cast<C>(width);
  C const mean_g  = share * sums.at[0];
  C const mean_gn = share * sums.at[1];
  group.each(std::int64_t{0}, width, [=](auto i) {
    using S = decltype(x[i]);
    auto const value =
        S(moments.inverse_deviation) * (gain[i] * d_y[i] - S(mean_g) - normalised(i) * S(mean_gn));
    Onto ? d_x.add(i, value) : d_x.set(i, value);
  });
}

}  // namespace poft
