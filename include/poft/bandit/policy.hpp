// The bandit's policies: one over finitely many actions, four over numbers.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/bandit/categorical_policy.hpp"
#include "poft/bandit/continuous_policy.hpp"
