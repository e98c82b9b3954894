// A folder that a test may fill, gone afterwards; and a disk without room.
// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace support {

struct scratch_folder {
  std::filesystem::path path;
  explicit scratch_folder(std::string const& name)
      : path(std::filesystem::temp_directory_path() / ("poft_" + name + "_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  scratch_folder(scratch_folder const&) = delete;
  ~scratch_folder() { std::filesystem::remove_all(path); }
  std::filesystem::path operator/(std::string const& name) const { return path / name; }
  std::size_t files() const {
    auto const all = std::filesystem::directory_iterator(path);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
};

/// While it lives, no file of this process may grow beyond `bytes`: writing fails as on a full disk.
class full_disk {
 public:
  explicit full_disk(rlim_t bytes) {
    before_signal_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit   = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  full_disk(full_disk const&) = delete;
  ~full_disk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, before_signal_);
  }

 private:
  rlimit before_{};
  void (*before_signal_)(int) = SIG_DFL;
};

}  // namespace support
