// Runs of arms over seeds: what a journal holds is not made again, the longest begin, on several threads.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "journal.hpp"
#include "parallel.hpp"
#include "poft/core/error.hpp"
#include "poft/train/progress.hpp"

namespace study {

/// first, first + 1, ...: `count` of them.
struct seed_range {
  std::uint64_t first = 1;
  int count           = 0;
};

template <class Arm, class Measurement>
struct run_of {
  Arm const* of      = nullptr;
  std::uint64_t seed = 0;
  std::string common{};  ///< all settings that are not the arm's, as text
  std::vector<Measurement> history{};
};

/// Arm, seed and a fingerprint of all settings: arm_row() is the arm's.
template <class Arm, class Measurement>
std::string journal_key(run_of<Arm, Measurement> const& run) {
  std::string text = run.common;
  for (std::string const& cell : arm_row(*run.of)) text += "," + cell;
  return run.of->id + "," + std::to_string(run.seed) + "," + std::to_string(fingerprint(text));
}

template <class Run>
class run_queue {
  using arm = std::remove_cvref_t<decltype(*Run::of)>;

 public:
  /// What an arm's run costs, about, in any unit.
  using cost = std::function<double(arm const&)>;

  /// Those of which is_held(run) says that the journal has filled them in are not made again.
  template <class IsHeld>
  run_queue(std::vector<Run>& runs, cost of_arm, IsHeld const& is_held)
      : cost_(std::move(of_arm)), runs_(runs.size()) {
    for (Run& one : runs) {
      work_ += cost_(*one.of);
      if (is_held(one)) {
        done_ += cost_(*one.of);
      } else {
        left_.push_back(&one);
      }
    }
  }

  std::vector<Run*> const& left() const { return left_; }

  /// Says how many are held, and begins to count.
  void begin(std::string const& title) {
    if (left_.size() < runs_) {
      std::fprintf(stderr, "%s: %zu of %zu runs are finished already\n", title.c_str(), runs_ - left_.size(),
                   runs_);
    }
    bar_.emplace(title, work_, done_, poft::without_terminal::tenths);
  }

  /// make(run) for these, which then go into the journal, where there is one. A problem names arm and seed.
  template <class Make>
  void make(std::vector<Run*> wave, int threads, journal* finished, Make const& make_one) {
    // The longest first, so that threads end together.
    std::stable_sort(wave.begin(), wave.end(),
                     [&](Run const* a, Run const* b) { return cost_(*a->of) > cost_(*b->of); });
    in_parallel(threads, wave.size(), [&](std::size_t k) {
      Run& one = *wave[k];
      try {
        make_one(one);
      } catch (poft::error const& problem) {
        throw poft::value_error(poft::message(one.of->id, ", seed ", one.seed, ": ", problem.what()));
      }
      if (finished) finished->add(one);
      bar_->add(cost_(*one.of));
    });
  }

 private:
  cost cost_;
  std::size_t runs_;
  double work_ = 0, done_ = 0;
  std::vector<Run*> left_;
  std::optional<poft::progress> bar_;
};

}  // namespace study
