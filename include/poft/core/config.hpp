// What every header needs to compile for host and device: the function macros. Nothing else lives here.
// SPDX-License-Identifier: MIT
#pragma once

/// Marks a function of formulas: it runs on the host and, under nvcc, on the device too; on the host it is always inlined,
/// since a pack that is passed through memory costs more than the arithmetic on it.
#if defined(__CUDACC__)
#define POFT_FN __host__ __device__
#elif defined(__GNUC__)
#define POFT_FN __attribute__((always_inline)) inline
#else
#define POFT_FN inline
#endif

/// Before a POFT_FN template that calls what it is given: that decides where it can be called from, and nvcc keeps silent.
#if defined(__CUDACC__)
#define POFT_ANY_CALLER _Pragma("nv_exec_check_disable")
#else
#define POFT_ANY_CALLER
#endif
