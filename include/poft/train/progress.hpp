// A progress bar on stderr with the time left, redrawn in place on a terminal.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <string>
#include <utility>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace poft {

/// What is written where stderr is no terminal: nothing, or one line per tenth of the work.
enum class without_terminal { silent, tenths };

/// Work is in any unit; `done` of it was there at the start, and the time left follows from what came since. May be called
/// from several threads.
class progress {
 public:
  progress(std::string title, double work, double done = 0,
           without_terminal otherwise = without_terminal::silent)
      : title_(std::move(title)), work_(work), first_(done), done_(done), otherwise_(otherwise) {
    draw("");
  }

  /// `note` stands behind the bar.
  void add(double work, std::string const& note = "") {
    std::lock_guard const lock(mutex_);
    done_ += work;
    draw(note);
  }

 private:
  using clock = std::chrono::steady_clock;

  static bool is_terminal() {
#if __has_include(<unistd.h>)
    return ::isatty(::fileno(stderr)) != 0;
#else
    return false;
#endif
  }
  static std::string time_text(double seconds) {
    char text[32];
    int const whole = static_cast<int>(seconds + 0.5);
    std::snprintf(text, sizeof text, "%d:%02d", whole / 60, whole % 60);
    return text;
  }

  void draw(std::string const& note) {
    double const share     = work_ > 0 ? std::min(1.0, done_ / work_) : 1;
    double const elapsed   = std::chrono::duration<double>(clock::now() - start_).count();
    std::string const left = share >= 1 ? ""
                             : done_ > first_
                                 ? ", " + time_text(elapsed / (done_ - first_) * (work_ - done_)) + " left"
                                 : "";
    int const tenth        = static_cast<int>(share * 10 + 1e-9);
    if (terminal_) {
      bool const over = share >= 1 - 1e-9;
      if (!over && elapsed - drawn_ < 0.1 && drawn_ > 0) return;
      drawn_                = elapsed;
      auto const full       = static_cast<std::size_t>(share * 30 + 1e-9);
      std::string const bar = std::string(full, '#') + std::string(30 - full, '.');
      std::fprintf(stderr, "\r%s [%s] %3.0f %%  %s%s  %s   %s", title_.c_str(), bar.c_str(), 100 * share,
                   time_text(elapsed).c_str(), left.c_str(), note.c_str(), over ? "\n" : "");
    } else if (otherwise_ == without_terminal::tenths && tenth > tenth_) {
      tenth_ = tenth;
      std::fprintf(stderr, "%s: %d %%, %s%s\n", title_.c_str(), tenth * 10, time_text(elapsed).c_str(),
                   left.c_str());
    }
    std::fflush(stderr);
  }

  std::string title_;
  double work_, first_, done_, drawn_ = 0;
  without_terminal otherwise_;
  int tenth_               = -1;
  bool const terminal_     = is_terminal();
  clock::time_point start_ = clock::now();
  std::mutex mutex_;
};

}  // namespace poft
