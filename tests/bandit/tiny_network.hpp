// A network of the bandit whose extents all differ, and parameters at which every layer of one matters.
// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "poft/bandit/mlp.hpp"
#include "poft/core/random.hpp"

namespace poft_test {

inline constexpr poft::bandit::mlp_shape tiny{.inputs = 4, .normalised = 5, .hidden = 7, .outputs = 6};

/// Uniform in (-bound, bound); the same numbers in float and double, up to rounding.
template <class Network>
void randomise(Network& network, double bound = 1) {
  poft::random_stream random(17);
  for (auto& p : network.parameters()) {
    p = static_cast<std::remove_reference_t<decltype(p)>>(bound * (2 * random.uniform<double>() - 1));
  }
}

}  // namespace poft_test
