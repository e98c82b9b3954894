// Text files that grow by whole lines, also when a run is killed and another goes on.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "poft/core/error.hpp"

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace poft {

/// What was appended is with the system after each call, so that a kill loses none. One writer per file. Throws io_error.
class growing_file {
 public:
  /// Cut to its first `bytes`: what comes behind them will be written again.
  growing_file(std::filesystem::path path, std::int64_t bytes) : path_(std::move(path)), bytes_(bytes) {
    std::error_code failed;
    if (bytes > 0) {
      auto const found = std::filesystem::file_size(path_, failed);
      if (failed || found < static_cast<std::uintmax_t>(bytes)) {
        throw io_error(message("write: \"", path_.string(), "\" has ", failed ? 0 : found,
                               " bytes, expected at least the ", bytes, " that an earlier run wrote"));
      }
      cut();
    }
    file_ = std::fopen(path_.c_str(), bytes > 0 ? "ab" : "wb");
    if (!file_) refuse(errno);
    std::setvbuf(file_, nullptr, _IONBF, 0);
  }
  growing_file(growing_file&& other) noexcept
      : path_(std::move(other.path_)), bytes_(other.bytes_), file_(std::exchange(other.file_, nullptr)) {}
  growing_file& operator=(growing_file&&) = delete;
  ~growing_file() {
    if (file_) std::fclose(file_);
  }

  /// Lines with their ends. Where there is no room for all, the file ends as before the call, and takes no more.
  void append(std::string_view lines) {
    if (!file_) refuse(EBADF);
    if (std::fwrite(lines.data(), 1, lines.size(), file_) != lines.size()) {
      int const reason = errno;
      std::fclose(std::exchange(file_, nullptr));
      cut();
      refuse(reason);
    }
    bytes_ += static_cast<std::int64_t>(lines.size());
  }
  std::int64_t bytes() const { return bytes_; }
  /// Returns when all of it is on the disk: a checkpoint must not know of lines that a loss of power takes away.
  void sync() {
#if __has_include(<unistd.h>)
    if (!file_ || ::fsync(::fileno(file_)) != 0) refuse(errno);
#endif
  }

 private:
  void cut() const {
    std::error_code failed;
    std::filesystem::resize_file(path_, static_cast<std::uintmax_t>(bytes_), failed);
    if (failed) refuse(failed.value());
  }
  [[noreturn]] void refuse(int reason) const {
    throw io_error(message("write: cannot write \"", path_.string(),
                           "\", expected a writable folder with room (",
                           std::generic_category().message(reason), ")"));
  }

  std::filesystem::path path_;
  std::int64_t bytes_;
  std::FILE* file_ = nullptr;
};

/// The lines of a file that are whole: growing_file(path, whole_lines(path).bytes) goes on behind them, without the half line
/// that a kill can leave.
struct whole_lines {
  std::int64_t bytes = 0;
  std::string last;  // without its end; empty where there is none

  /// A file that is not there has none. Throws io_error.
  explicit whole_lines(std::filesystem::path const& path) {
    std::error_code failed;
    if (!std::filesystem::exists(path, failed)) return;
    std::ifstream in(path, std::ios::binary | std::ios::ate);
    bytes = line_begin(in, in.tellg());
    if (in && bytes > 0) {
      std::int64_t const begin = line_begin(in, bytes - 1);
      last.resize(static_cast<std::size_t>(bytes - 1 - begin));
      in.seekg(begin);
      in.read(last.data(), static_cast<std::streamsize>(last.size()));
    }
    if (!in) throw io_error(message("read: cannot read \"", path.string(), "\", expected a readable file"));
  }

 private:
  /// Where the line begins that goes on at `end`.
  static std::int64_t line_begin(std::ifstream& in, std::int64_t end) {
    char block[1 << 12];
    while (end > 0 && in) {
      auto const count = std::min<std::int64_t>(sizeof block, end);
      in.seekg(end - count);
      in.read(block, count);
      auto const found = std::string_view(block, static_cast<std::size_t>(count)).rfind('\n');
      if (found != std::string_view::npos) return end - count + static_cast<std::int64_t>(found) + 1;
      end -= count;
    }
    return 0;
  }
};

}  // namespace poft
