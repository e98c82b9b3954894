// How work is cut into pieces and given to threads on the CPU.
// SPDX-License-Identifier: MIT
//
// The number and bounds of the pieces depend on the amount of work only, never on the number of threads, and results of
// pieces are added in piece order: any thread count gives the same bits. OpenMP is optional; without it there is one
// thread. Nothing is thrown inside a parallel region: callers validate first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include "poft/backend/eigen/flags.hpp"

namespace poft::eigen {
inline namespace POFT_FLAGS {

/// Threads that `requested` means here: 0 asks for all cores; without OpenMP it is always 1.
inline int usable_threads([[maybe_unused]] int requested) {
#if defined(_OPENMP)
  return requested > 0 ? requested : std::max(1, omp_get_num_procs());
#else
  return 1;
#endif
}

/// f(k) for k = 0 .. count-1 on up to `threads` threads; neighbours go to the same thread.
template <class F>
void for_each_piece(int threads, std::int64_t count, F&& f) {
#if defined(_OPENMP)
  if (threads > 1 && count > 1) {
#pragma omp parallel for schedule(static) \
    num_threads(static_cast <int>(std::min <std::int64_t>(threads, count)))
    for (std::int64_t k = 0; k < count; ++k) f(k);
    return;
  }
#endif
  (void)threads;
  for (std::int64_t k = 0; k < count; ++k) f(k);
}

/// Sum over pieces of f(first, last) -> double, [0, n) cut into pieces of `width`, added in piece order.
template <class F>
double sum_of_pieces(int threads, std::int64_t n, std::int64_t width, F&& f) {
  std::int64_t const pieces = (n + width - 1) / width;
  std::vector<double> part(static_cast<std::size_t>(pieces));
  for_each_piece(threads, pieces, [&](std::int64_t k) {
    part[static_cast<std::size_t>(k)] = f(k * width, std::min(n, (k + 1) * width));
  });
  double total = 0;
  for (double p : part) total += p;
  return total;
}

}  // namespace POFT_FLAGS
}  // namespace poft::eigen
