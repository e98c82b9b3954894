// What this machine's memory gives to plain loops: the ceilings that the other figures are shares of.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "timed_calls.hpp"

namespace poft::bench {

/// Seconds of one pass by which `bytes` travel between memory and cores; those fetched only to be overwritten don't count.
struct memory_speed {
  double copy;   // half of them read from one array, half written to another
  double read;   // all of them read
  double scale;  // half of them read from one array, and written there again
};

namespace detail {

// Over words: the sum of floats may not be reordered, so it would not be vectorised. The copy adds 1, or the compiler would
// call memcpy, whose stores go around the cache.
using words = std::vector<std::uint32_t>;

inline void copy(int threads, words const& from, words& to) {
  auto const n        = static_cast<std::ptrdiff_t>(from.size());
  auto const* const x = from.data();
  auto* const y       = to.data();
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::ptrdiff_t i = 0; i < n; ++i) y[i] = x[i] + 1;
}

inline void scale(int threads, words& numbers) {
  auto const n  = static_cast<std::ptrdiff_t>(numbers.size());
  auto* const x = numbers.data();
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::ptrdiff_t i = 0; i < n; ++i) x[i] += 1;
}

inline std::uint32_t read(int threads, words const& numbers) {
  auto const n        = static_cast<std::ptrdiff_t>(numbers.size());
  auto const* const x = numbers.data();
  std::uint32_t sum   = 0;
#pragma omp parallel for schedule(static) num_threads(threads) reduction(+ : sum)
  for (std::ptrdiff_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

template <class F>
double median_of_calls(F&& f) {
  f();
  std::vector<double> seconds;
  for (int call = 0; call < 11; ++call) seconds.push_back(seconds_of(f));
  return median(seconds);
}

}  // namespace detail

/// Measured once per program for each size and number of threads, on memory of its own that is given back.
inline memory_speed const& speed_of_memory(std::int64_t bytes, int threads) {
  static std::map<std::pair<std::int64_t, int>, memory_speed> measured;
  auto const [place, is_new] = measured.try_emplace({bytes, threads});
  if (is_new) {
    auto const half = static_cast<std::size_t>(bytes / 8);
    detail::words from(half, 1), to(half, 1);
    place->second.copy  = detail::median_of_calls([&] { detail::copy(threads, from, to); });
    place->second.scale = detail::median_of_calls([&] { detail::scale(threads, to); });
    from.resize(2 * half, 1);
    place->second.read =
        detail::median_of_calls([&] { benchmark::DoNotOptimize(detail::read(threads, from)); });
  }
  return place->second;
}

}  // namespace poft::bench
