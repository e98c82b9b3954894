// Level 1 for every objective of objective/pairs_with_reference.hpp.
// SPDX-License-Identifier: MIT
#include "batch/objectives_on_lanes.hpp"
#include "poft/objective/pairs_with_reference.hpp"

TEST(objectives_on_lanes, pairs_with_reference) {
  on_lanes::expect_all<poft::objective::pairs_with_reference_objectives>();
}
