// A progress bar with the time left: redrawn in place on a terminal, one line per tenth elsewhere.
// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

namespace study {

/// add() may be called from several threads. Work is in any unit, here gradient steps.
class progress {
 public:
  progress(std::string title, double work) : title_(std::move(title)), work_(work) { draw(); }

  void add(double work) {
    std::lock_guard const lock(mutex_);
    done_ += work;
    draw();
  }

 private:
  using clock = std::chrono::steady_clock;

  static std::string time_text(double seconds) {
    char text[32];
    int const whole = static_cast<int>(seconds + 0.5);
    std::snprintf(text, sizeof text, "%d:%02d", whole / 60, whole % 60);
    return text;
  }

  void draw() {
    double const share     = work_ > 0 ? done_ / work_ : 1;
    double const elapsed   = std::chrono::duration<double>(clock::now() - start_).count();
    std::string const left = share >= 1  ? ""
                             : share > 0 ? ", " + time_text(elapsed / share - elapsed) + " left"
                                         : "";
    int const tenth        = static_cast<int>(share * 10 + 1e-9);
    if (terminal_) {
      bool const over = share >= 1 - 1e-9;
      if (!over && elapsed - drawn_ < 0.1 && drawn_ > 0) return;
      drawn_ = elapsed;
      std::string bar(30, '.');
      bar.replace(0, static_cast<std::size_t>(share * 30 + 1e-9), static_cast<std::size_t>(share * 30 + 1e-9),
                  '#');
      std::fprintf(stderr, "\r%s [%s] %3.0f %%  %s%s   %s", title_.c_str(), bar.c_str(), 100 * share,
                   time_text(elapsed).c_str(), left.c_str(), over ? "\n" : "");
    } else if (tenth > tenth_) {
      tenth_ = tenth;
      std::fprintf(stderr, "%s: %d %%, %s%s\n", title_.c_str(), tenth * 10, time_text(elapsed).c_str(),
                   left.c_str());
    }
    std::fflush(stderr);
  }

  std::string title_;
  double work_, done_ = 0, drawn_ = 0;
  int tenth_               = -1;
  bool const terminal_     = isatty(fileno(stderr)) != 0;
  clock::time_point start_ = clock::now();
  std::mutex mutex_;
};

}  // namespace study
