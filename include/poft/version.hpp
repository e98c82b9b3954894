// The version of the library: the one place it is written; CMake reads it from here.
// SPDX-License-Identifier: MIT
#pragma once

/// major * 10000 + minor * 100 + patch
#define POFT_VERSION 100
