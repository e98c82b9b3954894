// Two preference pairs.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "poft/train/dataset.hpp"

namespace poft_test {

/// Responses of 1, 2 and of 3, 1 tokens.
inline poft::dataset two_pairs() {
  using tokens = std::vector<std::int32_t>;
  poft::dataset pairs({"chosen", "rejected"});
  pairs.add(tokens{1, 2}, {tokens{3}, tokens{4, 5}});
  pairs.add(tokens{6}, {tokens{7, 8, 9}, tokens{1}});
  return pairs;
}

}  // namespace poft_test
