// The whole program as a function, so that a test can call it.
// SPDX-License-Identifier: MIT
#pragma once

namespace study {

/// Returns the exit code: 0, or 2 for bad input, after one sentence on stderr.
int program(int argc, char const* const* argv);

}  // namespace study
