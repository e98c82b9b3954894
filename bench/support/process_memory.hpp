// How much memory this process holds, and the most it held; Linux only, 0 elsewhere.
// SPDX-License-Identifier: MIT
#pragma once

#include <fstream>
#include <string>

namespace poft::bench {

/// A line of /proc/self/status in bytes: "VmRSS:" now, "VmHWM:" the most since the start or the last reset.
inline double memory_of_process(std::string const& line) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == line && status >> kilobytes) return 1024 * kilobytes;
  }
  return 0;
}

/// Starts a new peak. False: this system does not let us, and the peak is that of the whole run.
inline bool forget_peak_memory() {
  std::ofstream("/proc/self/clear_refs") << "5\n";
  return memory_of_process("VmHWM:") - memory_of_process("VmRSS:") < 1 << 20;
}

/// The most that f() held beyond what the process had before, in bytes; NaN where it cannot be known.
template <class F>
double extra_memory_of(F&& f) {
  bool const known    = forget_peak_memory();
  double const before = memory_of_process("VmRSS:");
  f();
  return known ? memory_of_process("VmHWM:") - before : __builtin_nan("");
}

}  // namespace poft::bench
