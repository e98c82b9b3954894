// The whole program as a function, so that a test can call it.
// SPDX-License-Identifier: MIT
#pragma once

#include "arms.hpp"

namespace length_study {

/// Returns the exit code: 0, or 2 for bad input, after one sentence on stderr. A test gives a scale of its own.
int program(int argc, char const* const* argv, scale const* instead = nullptr);

}  // namespace length_study
