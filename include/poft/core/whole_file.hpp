// Files that are written whole or not at all, and read whole.
// SPDX-License-Identifier: MIT
#pragma once

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
#include <fcntl.h>
#include <unistd.h>
#endif

namespace poft {

/// Written under another name in the same folder, then renamed: a reader sees the old file or the new one, never a part, also
/// after a kill or a loss of power. One writer per file at a time. Throws io_error.
class whole_file {
 public:
  explicit whole_file(std::filesystem::path path)
      : path_(std::move(path)), part_(std::filesystem::path(path_).concat(".part")) {
    file_ = std::fopen(part_.c_str(), "wb");
    if (!file_) refuse("write", errno);
  }
  whole_file(whole_file const&)            = delete;
  whole_file& operator=(whole_file const&) = delete;

  /// Without commit() nothing stays.
  ~whole_file() {
    if (file_) std::fclose(file_);
    std::error_code ignored;
    if (!committed_) std::filesystem::remove(part_, ignored);
  }

  /// No bytes may stand nowhere (null).
  void write(void const* bytes, std::size_t count) {
    if (count > 0 && std::fwrite(bytes, 1, count, file_) != count) refuse("write", errno);
    written_ += count;
  }
  /// Bytes so far.
  std::uint64_t written() const { return written_; }

  /// Puts the new file in the old one's place, once its bytes are on the disk. Nothing may be written afterwards.
  void commit() {
    bool const written = std::fflush(file_) == 0 && is_on_disk();
    int const reason   = errno;
    bool const closed  = std::fclose(std::exchange(file_, nullptr)) == 0;
    if (!written) refuse("write", reason);
    if (!closed) refuse("write", errno);
    std::error_code failed;
    std::filesystem::rename(part_, path_, failed);
    if (failed) refuse("replace", failed.value());
    committed_ = true;
    keep_name();
  }

 private:
  [[noreturn]] void refuse(char const* what, int reason) const {
    throw io_error(message("write: cannot ", what, " \"", path_.string(),
                           "\", expected a writable folder with room (",
                           std::generic_category().message(reason), ")"));
  }

#if __has_include(<unistd.h>)
  bool is_on_disk() const { return ::fsync(::fileno(file_)) == 0; }
  // The folder's entry too; where that is impossible, the old file may come back after a loss of power, whole.
  void keep_name() const {
    auto const folder    = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
    int const descriptor = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    [[maybe_unused]] int const ignored = ::fsync(descriptor);
    ::close(descriptor);
  }
#else
  bool is_on_disk() const { return true; }
  void keep_name() const {}
#endif

  std::filesystem::path path_, part_;
  std::FILE* file_       = nullptr;
  std::uint64_t written_ = 0;
  bool committed_        = false;
};

/// The file holds `text` afterwards, or what it held before.
inline void write_whole(std::filesystem::path const& path, std::string_view text) {
  whole_file file(path);
  file.write(text.data(), text.size());
  file.commit();
}

/// All bytes of a file.
inline std::string read_whole(std::filesystem::path const& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw io_error(message("read: cannot open \"", path.string(), "\", expected a readable file"));
  std::string text;
  char block[1 << 16];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) {  // a folder opens, too
    throw io_error(message("read: cannot read \"", path.string(), "\", expected a readable file"));
  }
  return text;
}

}  // namespace poft
