// The whole program as a function, so that a test can call it.
// SPDX-License-Identifier: MIT
#pragma once

namespace pipeline {

/// Returns the exit code: 0, or 2 for refused input, after one sentence on stderr.
int program(int argc, char const* const* argv);

}  // namespace pipeline
