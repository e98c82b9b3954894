// The runs that a study has finished so far, in a file: a study that was killed goes on where it was.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <mutex>
#include <sstream>
#include <string>

#include "files.hpp"

namespace study {

/// FNV-1a, 64 bits.
std::uint64_t fingerprint(std::string_view text);

/// One line per run: its key and the numbers of its history as runs.csv has them. A line that a kill cut off is left out when
/// the file is read. The key, journal_key(run), holds arm, seed and a fingerprint of all settings, so that a run whose settings
/// have changed since is not found.
class journal {
 public:
  explicit journal(fs::path file);

  /// Fills in the history if the run is there.
  template <class Run>
  bool find(Run& wanted) const {
    using measurement = typename decltype(Run::history)::value_type;
    using columns     = typename measurement::columns;
    auto const found  = numbers_.find(journal_key(wanted));
    if (found == numbers_.end()) return false;
    std::istringstream in(found->second);
    std::string cell;
    for (bool more = true; more;) {
      measurement now;
      columns::for_each_index([&]<int K>() {
        more = more && static_cast<bool>(in >> cell);
        if (more) columns::template get<K>(now) = text_number(cell, file_.string());
      });
      if (more) wanted.history.push_back(now);
    }
    return true;
  }
  /// May be called from several threads.
  template <class Run>
  void add(Run const& finished) {
    using columns    = typename decltype(Run::history)::value_type::columns;
    std::string line = journal_key(finished) + ":";
    for (auto const& now : finished.history) {
      columns::for_each_index(
          [&]<int K>() { line.append(" ").append(number_text(columns::template get<K>(now))); });
    }
    append(line + "\n");
  }
  /// The folder's files hold all runs now.
  void remove();

 private:
  void append(std::string const& line);

  fs::path file_;
  std::map<std::string, std::string> numbers_;  // of a run's key
  std::mutex mutex_;
};

}  // namespace study
