// The log-sigmoid under label noise, which conservative and robust DPO, CPO, SimPO and AOT share.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/scalar/functions.hpp"

namespace poft {

/// (1 - smoothing) log sigmoid(x) + smoothing log sigmoid(-x), where smoothing is the probability that the
/// label is wrong. log sigmoid(-x) = log sigmoid(x) - x leaves one softplus and a line.
template <class S>
POFT_FN S smoothed_log_sigmoid(S x, value_t<S> smoothing) {
  S const flipped =
      select(abs(smoothing) > constant<value_t<S>>(0), smoothing * x, constant<S>(0));  // not 0 inf
  return log_sigmoid(x) - flipped;
}

/// Label noise of one half or more says that the labels are upside down.
constexpr bool is_label_noise(double smoothing) { return smoothing >= 0 && smoothing < 0.5; }

}  // namespace poft
