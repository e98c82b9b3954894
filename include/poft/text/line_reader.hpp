// Files read line by line with flat memory, from any line on.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <istream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "poft/core/error.hpp"

namespace poft {

/// Between two lines of a file.
struct line_position {
  std::uint64_t offset = 0;  // in bytes
  std::uint64_t lines  = 0;  // before it
};

class line_reader {
 public:
  struct line {
    std::string text;              // without its end, \n or \r\n
    std::uint64_t number = 0;      // from 1 on
    bool is_cut          = false;  // it is longer than longest_line; the text holds its beginning
  };
  static constexpr std::size_t longest_line = std::size_t(64) << 20;

  /// `from` is what position() has said of the same file. Throws io_error, and format_error where no line begins there.
  explicit line_reader(std::filesystem::path const& file, line_position from = {})
      : line_reader(std::make_unique<std::ifstream>(file, std::ios::binary), file.string(), from) {}
  line_reader(std::unique_ptr<std::istream> in, std::string name, line_position from = {})
      : in_(std::move(in)), name_(std::move(name)), position_(from) {
    if (!*in_) throw io_error(message("read: cannot open \"", name_, "\", expected a readable file"));
    if (from.offset == 0) return;
    in_->seekg(static_cast<std::streamoff>(from.offset - 1));
    int const before = in_->get();
    if (before != '\n' && (before == EOF || in_->peek() != EOF)) {  // the last line may lack its end
      throw format_error(message("read: no line of \"", name_, "\" begins at byte ", from.offset,
                                 ", expected the file in which an earlier run came to it"));
    }
  }

  std::string const& name() const { return name_; }
  /// After the line that next() gave last.
  line_position position() const { return position_; }

  /// The next line; false at the end of the file. The last line may lack its end.
  bool next(line& out) {
    out.text.clear();
    out.is_cut = false;
    bool some  = false;
    for (bool ended = false; !ended;) {
      if (begin_ == end_ && !fill()) break;
      some              = true;
      auto const* found = std::memchr(block_.data() + begin_, '\n', end_ - begin_);
      ended             = found != nullptr;
      std::size_t const stop =
          ended ? static_cast<std::size_t>(static_cast<char const*>(found) - block_.data()) : end_;
      std::size_t const room = longest_line - out.text.size();
      out.is_cut             = out.is_cut || stop - begin_ > room;
      out.text.append(block_.data() + begin_, std::min(stop - begin_, room));
      position_.offset += stop - begin_ + (ended ? 1 : 0);
      begin_ = stop + (ended ? 1 : 0);
    }
    if (!some) return false;
    if (!out.text.empty() && out.text.back() == '\r') out.text.pop_back();
    out.number = ++position_.lines;
    return true;
  }

 private:
  bool fill() {
    in_->read(block_.data(), static_cast<std::streamsize>(block_.size()));
    if (in_->bad()) throw io_error(message("read: cannot read \"", name_, "\", expected a readable file"));
    begin_ = 0;
    end_   = static_cast<std::size_t>(in_->gcount());
    return end_ > 0;
  }

  std::unique_ptr<std::istream> in_;
  std::string name_;
  line_position position_;
  std::vector<char> block_ = std::vector<char>(std::size_t(1) << 18);
  std::size_t begin_ = 0, end_ = 0;  // of what block_ holds and no line has taken
};

}  // namespace poft
