// A mean that grows batch by batch, as explicit state.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/preference/scores.hpp"

namespace poft::preference {

/// Plain value: copy it into a checkpoint and back to save and restore, merge those of several workers in one
/// fixed order for a global mean. Any split of the same numbers into batches gives the same mean up to
/// rounding.
struct running_mean {
  double count = 0;
  double mean  = 0;

  /// Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample
  /// variances".
  void merge(running_mean const& other) {
    if (other.count == 0) return;
    count += other.count;
    mean += (other.mean - mean) * (other.count / count);
  }

  template <score_range Values>
  void add(Values const& values) {
    merge(of(values));
  }

  /// The mean of one batch, taken relative to its first value: equal values give exactly that value.
  template <score_range Values>
  static running_mean of(Values const& values) {
    auto const value    = require::finite("running_mean", "values", values);
    double const n      = static_cast<double>(value.size());
    double const anchor = value[0];
    double from_anchor  = 0;
    for (double const one : value) from_anchor += one - anchor;
    return {n, anchor + from_anchor / n};
  }
};

}  // namespace poft::preference
