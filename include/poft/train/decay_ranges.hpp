// Where weight decay acts in a transformer's flat buffer of parameters.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "poft/model/parameters.hpp"
#include "poft/train/optimiser.hpp"

namespace poft {

/// The groups of a transformer's flat buffer, in its order.
template <class T>
std::vector<decay_range> decay_ranges(transformer_config const& config, transformer_slices<T> const& slices) {
  std::vector<decay_range> ranges;
  for (auto const& parameter : named_parameters(config, slices)) {
    bool const decaying = decays(parameter.kind);
    if (ranges.empty() || ranges.back().decays != decaying) ranges.push_back({0, decaying});
    ranges.back().size += parameter.values.size();
  }
  return ranges;
}

}  // namespace poft
