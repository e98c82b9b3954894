// Lines of any length and end, and going on where an earlier reader stopped.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "poft/core/whole_file.hpp"
#include "poft/text/line_reader.hpp"
#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace poft {
namespace {

using support::expect_error;
using strings = std::vector<std::string>;

line_reader lines_of(std::string text, line_position from = {}) {
  return line_reader(std::make_unique<std::istringstream>(std::move(text)), "text", from);
}
strings rest(line_reader& reader) {
  strings out;
  for (line_reader::line line; reader.next(line);) out.push_back(line.text);
  return out;
}
strings all(std::string text) {
  auto reader = lines_of(std::move(text));
  return rest(reader);
}

TEST(LineReader, Ends) {
  EXPECT_EQ(all(""), strings{});
  EXPECT_EQ(all("a"), strings{"a"});
  EXPECT_EQ(all("a\n"), strings{"a"});
  EXPECT_EQ(all("\n\na\r\nb\rc\n\r\n"), (strings{"", "", "a", "b\rc", ""}));
  EXPECT_EQ(all(std::string("a\0b\n", 4)), strings{std::string("a\0b", 3)});
}

TEST(LineReader, LinesLongerThanItsBlock) {
  std::string const first(1'000'000, 'x'), second(300'000, 'y');
  EXPECT_EQ(all(first + "\n" + second + "\nz"), (strings{first, second, "z"}));
}

TEST(LineReader, CutsEndlessLines) {
  auto reader = lines_of(std::string(line_reader::longest_line + 5, 'x') + "\nnext\n");
  line_reader::line line;
  ASSERT_TRUE(reader.next(line));
  EXPECT_TRUE(line.is_cut);
  EXPECT_EQ(line.text.size(), line_reader::longest_line);
  ASSERT_TRUE(reader.next(line));
  EXPECT_FALSE(line.is_cut);
  EXPECT_EQ(line.text, "next");
  EXPECT_EQ(line.number, 2u);
}

TEST(LineReader, GoesOnFromAnyPosition) {
  std::string const text = "one\r\n\ntwo\nthree";
  auto whole             = lines_of(text);
  line_reader::line line;
  std::vector<std::uint64_t> offsets;
  for (std::size_t k = 1; whole.next(line); ++k) {
    EXPECT_EQ(line.number, k);
    auto const at = whole.position();
    offsets.push_back(at.offset);
    EXPECT_EQ(at.lines, k);
    auto again         = lines_of(text, at);
    strings const tail = rest(again);
    strings const expected{"one", "", "two", "three"};
    EXPECT_EQ(tail, strings(expected.begin() + static_cast<std::ptrdiff_t>(k), expected.end()));
  }
  EXPECT_EQ(offsets, (std::vector<std::uint64_t>{5, 6, 10, 15}));
}

TEST(LineReader, RefusesPlacesWhereNoLineBegins) {
  expect_error<format_error>([] { lines_of("one\ntwo\n", {3, 1}); }, {"\"text\"", "byte 3"});
  expect_error<format_error>([] { lines_of("one\ntwo\n", {100, 1}); }, {"byte 100"});
  expect_error<format_error>([] { lines_of("", {1, 1}); }, {"byte 1"});
}

TEST(LineReader, FilesAreNamed) {
  support::scratch_folder const folder("line_reader");
  expect_error<io_error>([&] { line_reader(folder / "none"); }, {"cannot open", "none"});
  line_reader::line line;
  expect_error<io_error>([&] { line_reader(folder.path).next(line); }, {"line_reader"});
  write_whole(folder / "file", "a\nb\n");
  line_reader reader(folder / "file", {2, 1});
  EXPECT_EQ(rest(reader), strings{"b"});
}

}  // namespace
}  // namespace poft
