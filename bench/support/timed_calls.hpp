// Times every call of a benchmark by itself, so that its figure is a median over calls, as its competitor's is.
// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace poft::bench {

template <class F>
double seconds_of(F&& f) {
  auto const start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> numbers) {
  auto const middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  return *middle;
}

/// Calls f in every iteration, after an untimed prepare(). Reports the median and the least of its calls, each the time of
/// `steps` steps, and returns the median in seconds.
template <class Prepare, class F>
double time_calls(benchmark::State& state, Prepare&& prepare, F&& f, double steps = 1) {
  prepare();
  f();  // fills caches, makes the threads
  std::vector<double> seconds;
  for ([[maybe_unused]] auto _ : state) {
    prepare();
    seconds.push_back(seconds_of(f) / steps);
    state.SetIterationTime(seconds.back());
  }
  double const middle         = median(seconds);
  state.counters["median_ms"] = 1e3 * middle;
  state.counters["min_ms"]    = 1e3 * *std::min_element(seconds.begin(), seconds.end());
  return middle;
}

template <class F>
double time_calls(benchmark::State& state, F&& f) {
  return time_calls(
      state, [] {}, f);
}

/// run(state, arguments ...) as `name`, on 1 and on 2 threads: state.range(0).
template <class Run, class... Arguments>
void add_on_threads(std::string const& name, Run run, Arguments const&... arguments) {
  benchmark::RegisterBenchmark(name.c_str(), run, arguments...)
      ->Arg(1)
      ->Arg(2)
      ->ArgName("threads")
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace poft::bench
