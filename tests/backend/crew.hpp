// A backend whose rows are treated by several threads at once, as a block of a GPU does: shows what a row functor takes for
// granted when it thinks that it is alone. Slow; for tests, and for the thread sanitizer.
// SPDX-License-Identifier: MIT
#pragma once

#include <barrier>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "poft/backend/one_by_one.hpp"

namespace poft_test {

/// What the threads of a row share.
class meeting {
 public:
  static constexpr int threads      = 4;
  static constexpr std::size_t slot = 256;  // bytes of a thread's contribution

  void meet() { everybody_.arrive_and_wait(); }
  /// The contributions of all threads merged in their order; the same for each of them.
  template <class S, class Merge>
  S all(int thread, S const& own, Merge const& merge) {
    static_assert(std::is_trivially_copyable_v<S> && sizeof(S) <= slot);
    std::memcpy(&room_[static_cast<std::size_t>(thread) * slot], &own, sizeof own);
    meet();
    S out = read<S>(0);
    for (int other = 1; other < threads; ++other) out = merge(out, read<S>(other));
    meet();
    return out;
  }

 private:
  template <class S>
  S read(int thread) const {
    S out;
    std::memcpy(&out, &room_[static_cast<std::size_t>(thread) * slot], sizeof out);
    return out;
  }

  std::barrier<> everybody_{threads};
  std::vector<unsigned char> room_ = std::vector<unsigned char>(threads * slot);
};

/// backend/cuda/groups.cuh's groups on the host.
template <class T>
struct crew_group {
  using value = T;

  static constexpr std::int64_t piece           = std::numeric_limits<std::int64_t>::max() / 2;
  static constexpr bool has_sums_in_each_thread = true;

  meeting* at;
  int thread;

  template <class F>
  void each(std::int64_t first, std::int64_t last, F&& f) const {
    for (std::int64_t i = first + thread; i < last; i += meeting::threads) f(i);
    at->meet();
  }
  template <class F>
  void once(F&& f) const {
    if (thread == 0) f();
    at->meet();
  }
  template <class F>
  auto sum(std::int64_t first, std::int64_t last, F&& f) const {
    using terms = decltype(f(std::int64_t{0}));
    terms own   = terms(T(0));
    for (std::int64_t i = first + thread; i < last; i += meeting::threads) own = own + f(i);
    return at->all(thread, own, [](terms const& a, terms const& b) { return a + b; });
  }
  template <class F>
  T max(std::int64_t first, std::int64_t last, F&& f) const {
    auto const larger = [](T a, T b) { return b > a || b != b ? b : a; };
    T own             = -std::numeric_limits<T>::infinity();
    for (std::int64_t i = first + thread; i < last; i += meeting::threads) own = larger(own, f(i));
    return at->all(thread, own, larger);
  }
  template <class S, class Add, class Merge>
  S reduce(std::int64_t first, std::int64_t last, S own, Add&& add, Merge&& merge) const {
    for (std::int64_t i = first + thread; i < last; i += meeting::threads) add(own, i);
    return at->all(thread, own, merge);
  }
};

struct crew : poft::one_by_one {
  template <class T, class F>
  void for_rows(std::int64_t n, std::int64_t /*width*/, F const& f) const {
    meeting at;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < meeting::threads; ++thread) {
      threads.emplace_back([&at, &f, n, thread] {
        for (std::int64_t r = 0; r < n; ++r) {
          F const own = f;  // a kernel's threads have a copy each
          own(crew_group<T>{&at, thread}, r);
          at.meet();
        }
      });
    }
  }
};

}  // namespace poft_test
