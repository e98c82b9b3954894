// Root-mean-square normalisation of one row and its derivative, written once over a group.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/row/row.hpp"
#include "poft/scalar/functions.hpp"

namespace poft {

/// Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4, with epsilon inside the root:
///
///   y_i = gain_i x_i / sqrt(mean_j x_j^2 + epsilon)
///
/// Returns 1 / sqrt(...). y may be x.
template <class Group, class T>
POFT_FN compute_t<T> rms_norm_row(Group group, std::type_identity_t<row<T const>> x, row<T const> gain,
                                  row<T> y, std::int64_t width, compute_t<T> epsilon) {
  using C         = compute_t<T>;
  C const squares = group.sum(std::int64_t{0}, width, [=](auto i) { return square(x[i]); });
  C const inverse = C(1) / sqrt(squares / static_cast<C>(width) + epsilon);
  group.each(std::int64_t{0}, width, [=](auto i) {
    using S = decltype(x[i]);
    y.set(i, gain[i] * (x[i] * S(inverse)));
  });
  return inverse;
}

/// With n_i = x_i inverse_rms and g_i = gain_i d_y_i:
///
///   d_x_i = inverse_rms (g_i - n_i mean_j (g_j n_j))
///
/// Onto: it is added to what d_x holds, the derivative by a residual; else d_x may be d_y.
template <class Group, class T, bool Onto>
POFT_FN void rms_norm_backward_row(Group group, row<T const> x, compute_t<T> inverse_rms, row<T const> gain,
                                   row<T const> d_y, row<T> d_x, std::int64_t width) {
  using C        = compute_t<T>;
  C const sum    = group.sum(std::int64_t{0}, width, [=](auto i) { return gain[i] * d_y[i] * x[i]; });
  C const factor = sum * inverse_rms * inverse_rms / static_cast<C>(width);
  group.each(std::int64_t{0}, width, [=](auto i) {
    using S          = decltype(x[i]);
    auto const value = S(inverse_rms) * (gain[i] * d_y[i] - x[i] * S(factor));
    Onto ? d_x.add(i, value) : d_x.set(i, value);
  });
}

}  // namespace poft
