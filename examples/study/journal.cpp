// Lines of the journal, and which of them still stand.
// SPDX-License-Identifier: MIT
#include "journal.hpp"

#include <fstream>

namespace study {

std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char const c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
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

void journal::append(std::string const& line) {
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
