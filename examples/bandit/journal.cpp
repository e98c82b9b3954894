// Lines of the journal, and which of them still stand.
// SPDX-License-Identifier: MIT
#include "journal.hpp"

#include <fstream>
#include <sstream>

#include "results.hpp"

namespace study {
namespace {

using poft::bandit::measurement;

/// FNV-1a, 64 bits.
std::string fingerprint(std::string const& text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char const c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return std::to_string(hash);
}

}  // namespace

std::string journal::key_of(run const& of) {
  auto const& s    = of.of->settings;
  std::string text = std::to_string(s.measurements) + " " + std::to_string(s.held_out) + " " +
                     std::to_string(s.pair_prompts);
  for (std::string const& cell : arm_row(*of.of)) text += "," + cell;
  for (double const probability : s.data) text += "," + number_text(probability);
  return of.of->id + "," + std::to_string(of.seed) + "," + fingerprint(text);
}

journal::journal(fs::path file) : file_(std::move(file)) {
  if (!fs::exists(file_)) return;
  std::string const text = read_whole(file_);
  std::string whole;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
    std::string const line(text, begin, end - begin);
    std::size_t const colon = line.find(':');
    if (colon == line.npos) continue;
    numbers_[line.substr(0, colon)] = line.substr(colon + 1);
    whole += line + "\n";
  }
  write_whole(file_, whole);  // without what was cut off, so that the next line begins a line
}

bool journal::find(run& wanted) const {
  auto const found = numbers_.find(key_of(wanted));
  if (found == numbers_.end()) return false;
  std::istringstream in(found->second);
  std::string cell;
  for (bool more = true; more;) {
    measurement now;
    measurement::columns::for_each_index([&]<int K>() {
      more = more && static_cast<bool>(in >> cell);
      if (more) measurement::columns::get<K>(now) = text_number(cell, file_.string());
    });
    if (more) wanted.history.push_back(now);
  }
  return true;
}

void journal::add(run const& finished) {
  std::string line = key_of(finished) + ":";
  for (measurement const& now : finished.history) {
    measurement::columns::for_each_index(
        [&]<int K>() { line += " " + number_text(measurement::columns::get<K>(now)); });
  }
  line += "\n";
  std::lock_guard const lock(mutex_);
  std::ofstream out(file_, std::ios::binary | std::ios::app);
  if (!out.write(line.data(), static_cast<std::streamsize>(line.size())).flush()) {
    throw poft::io_error(
        poft::message("write: cannot add to \"", file_.string(), "\", expected a writable folder with room"));
  }
}

void journal::remove() {
  std::error_code failed;
  fs::remove(file_, failed);
}

}  // namespace study
