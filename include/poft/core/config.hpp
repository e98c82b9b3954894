// What every header needs to compile for host and device: the function macro. Nothing else lives here.
// SPDX-License-Identifier: MIT
#pragma once

/// Marks a function that runs on the host and, under nvcc, on the device too.
#if defined(__CUDACC__)
#define POFT_FN __host__ __device__
#else
#define POFT_FN
#endif
