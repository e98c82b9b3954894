// The runs that a study has finished so far, in a file: a study that was killed goes on where it was.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "files.hpp"
#include "runner.hpp"

namespace study {

/// One line per run: arm, seed, a fingerprint of all settings, and the numbers of its history as runs.csv has them. A line
/// that a kill cut off is left out when the file is read, so is a run whose settings have changed since.
class journal {
 public:
  explicit journal(fs::path file);

  /// Fills in the history if the run is there.
  bool find(run& wanted) const;
  /// May be called from several threads.
  void add(run const& finished);
  /// The folder's files hold all runs now.
  void remove();

 private:
  static std::string key_of(run const& of);

  fs::path file_;
  std::map<std::string, std::string> numbers_;  // of a run's key
  std::mutex mutex_;
};

}  // namespace study
