// The inline namespace of everything whose code depends on compile flags.
// SPDX-License-Identifier: MIT
//
// Two translation units of one program may be compiled with different -march. Without a name of its own for each, the
// linker would keep one definition and silently run it in both; with it, each unit runs the lanes it was compiled for.
#pragma once

#if defined(EIGEN_DONT_VECTORIZE)
#define POFT_FLAGS_LANES scalar
#elif defined(__AVX512F__) && defined(__AVX512DQ__)
#define POFT_FLAGS_LANES avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define POFT_FLAGS_LANES avx2
#elif defined(__AVX__)
#define POFT_FLAGS_LANES avx
#elif defined(__SSE4_2__)
#define POFT_FLAGS_LANES sse4
#elif defined(__SSE2__)
#define POFT_FLAGS_LANES sse2
#elif defined(__ARM_NEON)
#define POFT_FLAGS_LANES neon
#else
#define POFT_FLAGS_LANES plain
#endif

#define POFT_FLAGS_JOIN(a, b) a##b
#define POFT_FLAGS_NAME(a, b) POFT_FLAGS_JOIN(a, b)
#if defined(_OPENMP)
#define POFT_FLAGS_THREADS POFT_FLAGS_NAME(POFT_FLAGS_LANES, _openmp)
#else
#define POFT_FLAGS_THREADS POFT_FLAGS_NAME(POFT_FLAGS_LANES, _single)
#endif
#if defined(EIGEN_USE_BLAS)
#define POFT_FLAGS POFT_FLAGS_NAME(POFT_FLAGS_THREADS, _blas)
#else
#define POFT_FLAGS POFT_FLAGS_THREADS
#endif
