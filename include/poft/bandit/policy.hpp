// The bandit's policies.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/bandit/categorical_policy.hpp"
