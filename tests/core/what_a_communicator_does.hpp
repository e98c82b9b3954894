// What every communicator promises, in each kind of memory that it takes.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "poft/core/communicator.hpp"

namespace poft_test {

struct in_host_memory {
  template <class T, class F>
  void operator()(std::vector<T>& elements, F const& f) const {
    f(std::span<T>(elements));
  }
};

/// Called by all processes; a sentence for each promise that is broken here. place(elements, f) calls f with a span of these
/// elements in the memory in question, and brings back what f made of them.
template <class Place>
std::vector<std::string> broken_promises(poft::communicator& processes, Place const& place) {
  std::vector<std::string> out;
  int const rank = processes.rank(), size = processes.size();
  auto const promise = [&](bool holds, char const* what) {
    if (!holds) out.push_back(what);
  };
  // Halves and whole numbers: sums are exact. Of rank + i/2 over the ranks, size i/2 + size (size - 1) / 2.
  auto const sums = [&]<class T>(T, std::size_t count) {
    std::vector<T> numbers(count);
    for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<T>(rank) + static_cast<T>(i) / 2;
    place(numbers, [&](std::span<T> there) { processes.sum(there); });
    for (std::size_t i = 0; i < count; ++i) {
      if (numbers[i] !=
          static_cast<T>(size) * static_cast<T>(i) / 2 + static_cast<T>(size * (size - 1)) / 2) {
        return false;
      }
    }
    return true;
  };
  for (std::size_t const count : {0, 1, 3, 100003}) {
    promise(sums(float(), count), "sum of float");
    promise(sums(double(), count), "sum of double");
  }
  std::vector<std::int64_t> places{rank, 7, -rank};
  place(places, [&](std::span<std::int64_t> there) { processes.broadcast(there); });
  promise(places == std::vector<std::int64_t>{0, 7, 0}, "broadcast");
  promise(processes.sum(0.5) == 0.5 * size, "sum of one number");
  processes.barrier();
  return out;
}

}  // namespace poft_test
