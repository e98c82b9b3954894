// Level 1 for every objective of objective/unpaired.hpp.
// SPDX-License-Identifier: MIT
#include "batch/objectives_on_lanes.hpp"
#include "poft/objective/unpaired.hpp"

TEST(objectives_on_lanes, unpaired) { on_lanes::expect_all<poft::objective::unpaired_objectives>(); }
