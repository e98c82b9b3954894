// The threads of a block of a GPU, as fibers of one host thread: they change places only where they wait for each other, in
// an order that is turned round from block to block, so that a wait that is missing shows.
// SPDX-License-Identifier: MIT
#pragma once

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace emulated {

/// What no error code says ends the program.
[[noreturn]] inline void give_up(std::string const& why) {
  std::fprintf(stderr, "emulated device: %s\n", why.c_str());
  std::abort();
}

struct place {
  unsigned x = 0, y = 0, z = 0;
};
// CUDA's names for where a thread is; meant for the kernel that runs.
inline place threadIdx, blockIdx, blockDim, gridDim;

/// One for the program: blocks run one after the other.
class threads_of_a_block {
 public:
  static constexpr int most  = 1024;
  static constexpr int warp  = 32;
  static constexpr int bytes = 32;  // of what a thread says to the others of its warp

  static threads_of_a_block& running() {
    static threads_of_a_block only;
    return only;
  }

  /// body() by each of `threads` threads, a multiple of 32.
  template <class F>
  void run(int threads, F const& body) {
    if (threads % warp != 0 || threads > most)
      give_up("a block is not whole warps, or has more than 1024 threads");
    body_    = [](void const* f) { (*static_cast<F const*>(f))(); };
    functor_ = &body;
    threads_ = left_ = threads;
    quiet_           = 0;
    forwards_        = !forwards_;
    while (fibers_.size() < static_cast<std::size_t>(threads)) fibers_.push_back(std::make_unique<fiber>());
    for (int t = 0; t < threads; ++t) fiber_of(t).done = false;
    if (_setjmp(home_) == 0) go_to(forwards_ ? 0 : threads - 1);
  }

  void meet_block() { meet(everybody_, 0, threads_); }
  void meet_warp() { meet(warps_[now_ / warp].everybody, now_ / warp * warp, warp); }
  /// What every lane of the warp says, [32]; good until the thread's next call.
  template <class S>
  S const* told(S const& own) {
    static_assert(std::is_trivially_copyable_v<S> && sizeof(S) <= bytes);
    auto& of   = warps_[now_ / warp];
    auto* room = of.said[fiber_of(now_).turn++ % 2];
    std::memcpy(room + static_cast<std::size_t>(now_ % warp) * sizeof(S), &own, sizeof(S));
    meet_warp();
    return reinterpret_cast<S const*>(room);
  }
  int lane() const { return now_ % warp; }

 private:
  struct fiber {
    static constexpr std::size_t room = 256 * 1024;
    std::unique_ptr<std::byte[]> stack{new std::byte[room]};
    jmp_buf at;
    ucontext_t start;
    bool entered = false, done = true;
    unsigned turn = 0;
  };
  struct crowd {
    int come        = 0;
    unsigned rounds = 0;
  };
  struct lanes {
    crowd everybody;
    alignas(16) std::byte said[2][warp * bytes];
  };

  fiber& fiber_of(int t) { return *fibers_[static_cast<std::size_t>(t)]; }

  /// All of `count` threads from the first on.
  void meet(crowd& all, int first, int count) {
    unsigned const round = all.rounds;
    if (++all.come == count) {
      all.come = 0;
      ++all.rounds;
      quiet_ = 0;
      return;
    }
    while (all.rounds == round) {
      if (++quiet_ > 4 * threads_) give_up("threads wait for others that never come");
      step_aside(first, count);
    }
  }

  /// For the next of those that are waited for: a warp runs ahead of the others as far as it can.
  __attribute__((noinline)) void step_aside(int first, int count) {
    if (_setjmp(fiber_of(now_).at) != 0) return;
    int next = now_ - first;
    do next = (next + (forwards_ ? 1 : count - 1)) % count;
    while (fiber_of(first + next).done);
    go_to(first + next);
  }
  [[noreturn]] void go_to(int thread) {
    now_        = thread;
    threadIdx.x = static_cast<unsigned>(thread);
    fiber& to   = fiber_of(thread);
    if (to.entered) _longjmp(to.at, 1);
    to.entered = true;
    getcontext(&to.start);
    to.start.uc_stack.ss_sp   = to.stack.get();
    to.start.uc_stack.ss_size = fiber::room;
    to.start.uc_link          = nullptr;
    makecontext(&to.start, work, 0);
    setcontext(&to.start);
    give_up("a fiber could not be started");
  }
  static void work() {
    for (auto& all = running();;) {
      all.body_(all.functor_);
      fiber& own = all.fiber_of(all.now_);
      own.done   = true;
      all.quiet_ = 0;
      if (--all.left_ > 0) {
        all.step_aside(0, all.threads_);
      } else if (_setjmp(own.at) == 0) {
        _longjmp(all.home_, 1);
      }
    }
  }

  std::vector<std::unique_ptr<fiber>> fibers_;
  lanes warps_[most / warp];
  crowd everybody_;
  jmp_buf home_;
  void (*body_)(void const*) = nullptr;
  void const* functor_       = nullptr;
  int threads_ = 0, left_ = 0, now_ = 0, quiet_ = 0;
  bool forwards_ = false;
};

}  // namespace emulated
