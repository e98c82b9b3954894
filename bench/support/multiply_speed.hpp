// What this machine's cores multiply and add when they do nothing else: the ceiling of matrix products.
// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "poft/backend/eigen/pack.hpp"
#include "timed_calls.hpp"

namespace poft::bench {

/// Single-precision operations per second, each multiplication with its addition being two. Measured once per program for
/// each number of threads; the best of several tries, since it is to be a ceiling.
inline double speed_of_multiplication(int threads) {
  static std::map<int, double> measured;
  auto const [place, is_new] = measured.try_emplace(threads);
  if (!is_new) return place->second;
  using pack                   = eigen::pack<float>;
  constexpr std::int64_t turns = 4'000'000;
  constexpr int chains         = 16;  // more than a multiplication takes cycles, times two a cycle
  double least                 = 1e300;
  for (int attempt = 0; attempt < 50; ++attempt) {
    double const seconds = seconds_of([&] {
#pragma omp parallel for num_threads(threads)
      for (int thread = 0; thread < threads; ++thread) {
        pack sum[chains];
        for (int k = 0; k < chains; ++k) sum[k] = pack(static_cast<float>(k));
        pack factor(0.5f), term(0.25f);
        benchmark::DoNotOptimize(factor);
        benchmark::DoNotOptimize(term);
        for (std::int64_t turn = 0; turn < turns; ++turn) {
          for (int k = 0; k < chains; ++k) sum[k] = sum[k] * factor + term;
        }
        for (int k = 0; k < chains; ++k) benchmark::DoNotOptimize(sum[k]);
      }
    });
    least = std::min(least, seconds);
  }
  return place->second = 2.0 * pack::size * chains * static_cast<double>(turns) * threads / least;
}

}  // namespace poft::bench
