// Files of whole lines: after a kill in the middle of one, on a full disk, and where a run goes on.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <string>
#include <tuple>

#include "poft/core/growing_file.hpp"
#include "poft/core/whole_file.hpp"
#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace poft {
namespace {

using support::expect_error;

TEST(GrowingFile, GrowsAndGoesOn) {
  support::scratch_folder const folder("growing_file");
  {
    growing_file out(folder / "file", 0);
    out.append("one\n");
    EXPECT_EQ(read_whole(folder / "file"), "one\n") << "it need not be closed";
    out.append("two\nthree\n");
    EXPECT_EQ(out.bytes(), 14);
    out.sync();
  }
  growing_file(folder / "file", 8).append("four\n");
  EXPECT_EQ(read_whole(folder / "file"), "one\ntwo\nfour\n");
  growing_file(folder / "file", 0).append("new\n");
  EXPECT_EQ(read_whole(folder / "file"), "new\n");
  expect_error<io_error>([&] { growing_file(folder / "file", 5); }, {"file\" has 4 bytes", "at least the 5"});
  expect_error<io_error>([&] { growing_file(folder / "none" / "file", 0); }, {"cannot write", "none"});
  expect_error<io_error>([&] { growing_file(folder.path, 0); }, {"cannot write"});
}

TEST(GrowingFile, AFullDiskLeavesWholeLines) {
  support::scratch_folder const folder("growing_file");
  growing_file out(folder / "file", 0);
  out.append("first\n");
  {
    support::full_disk const full(10);
    expect_error<io_error>([&] { out.append("a line for which there is no room\n"); },
                           {"cannot write", "file"});
    EXPECT_EQ(read_whole(folder / "file"), "first\n");
  }
  expect_error<io_error>([&] { out.append("x\n"); }, {"cannot write"});
  EXPECT_EQ(out.bytes(), 6);
  growing_file(folder / "file", out.bytes()).append("second\n");
  EXPECT_EQ(read_whole(folder / "file"), "first\nsecond\n");
}

TEST(GrowingFile, AKillLosesNothing) {
  support::scratch_folder const folder("growing_file");
  pid_t const child = fork();
  if (child == 0) {
    growing_file out(folder / "file", 0);
    for (int k = 0;; ++k) {
      out.append("line " + std::to_string(k) + "\n");
      if (k == 100) kill(getpid(), SIGKILL);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(whole_lines(folder / "file").last, "line 100");
}

TEST(WholeLines, WithoutHalfALine) {
  support::scratch_folder const folder("whole_lines");
  std::string const x(10000, 'x'), y(9000, 'y');
  for (auto const& [text, bytes, last] : {std::tuple<std::string, std::size_t, std::string>{"", 0, ""},
                                          {"half", 0, ""},
                                          {"one\nhalf", 4, "one"},
                                          {"one\n\nhalf", 5, ""},
                                          {"\n", 1, ""},
                                          {x + "\n" + y, 10001, x},
                                          {"a\n" + y + "\n", 9003, y}}) {
    write_whole(folder / "file", text);
    whole_lines const found(folder / "file");
    EXPECT_EQ(found.bytes, static_cast<std::int64_t>(bytes));
    EXPECT_EQ(found.last, last);
    growing_file(folder / "file", found.bytes).append("new\n");
    EXPECT_EQ(read_whole(folder / "file"), text.substr(0, bytes) + "new\n");
  }
  EXPECT_EQ(whole_lines(folder / "none").bytes, 0);
  expect_error<io_error>([&] { whole_lines{folder.path}; }, {"cannot read"});
}

}  // namespace
}  // namespace poft
