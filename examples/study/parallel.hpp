// Work that is shared by threads, one item at a time.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace study {

inline int usable_threads(int asked) {
  return asked > 0 ? asked : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/// f(k) for k = 0 ... count-1, each on one of `threads` threads; the first exception is passed on.
template <class F>
void in_parallel(int threads, std::size_t count, F const& f) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr problem;
  std::mutex guard;
  auto const work = [&] {
    for (std::size_t k; (k = next++) < count;) {
      try {
        f(k);
      } catch (...) {
        std::lock_guard const lock(guard);
        if (!problem) problem = std::current_exception();
        next = count;
      }
    }
  };
  std::vector<std::jthread> team;
  for (int t = 1; t < threads; ++t) team.emplace_back(work);
  work();
  team.clear();  // joins
  if (problem) std::rethrow_exception(problem);
}

}  // namespace study
