// Level 1 for every objective of objective/pairs_without_reference.hpp.
// SPDX-License-Identifier: MIT
#include "batch/objectives_on_lanes.hpp"
#include "poft/objective/pairs_without_reference.hpp"

TEST(objectives_on_lanes, pairs_without_reference) {
  on_lanes::expect_all<poft::objective::pairs_without_reference_objectives>();
}
