// Files written whole or not at all: what stands on the disk after success, after a failure, and after a kill.
// SPDX-License-Identifier: MIT
#include "poft/core/whole_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace poft {
namespace {

using support::expect_error;
using support::scratch_folder;

TEST(WholeFile, HoldsWhatWasWritten) {
  scratch_folder const folder("whole_file");
  std::string const text("a\0b\r\n\xff", 6);
  write_whole(folder / "f", text);
  EXPECT_EQ(read_whole(folder / "f"), text);
  write_whole(folder / "f", "");
  EXPECT_EQ(read_whole(folder / "f"), "");
  std::string const long_text(3'000'001, 'x');
  write_whole(folder / "f", long_text);
  EXPECT_EQ(read_whole(folder / "f"), long_text);
  EXPECT_EQ(folder.files(), 1u);
}

TEST(WholeFile, TheOldFileStandsUntilCommit) {
  scratch_folder const folder("whole_file");
  write_whole(folder / "f", "old");
  {
    whole_file file(folder / "f");
    file.write("ne", 2);
    file.write("w", 1);
    EXPECT_EQ(file.written(), 3u);
    EXPECT_EQ(read_whole(folder / "f"), "old");
    file.commit();
    EXPECT_EQ(read_whole(folder / "f"), "new");
  }
  EXPECT_EQ(read_whole(folder / "f"), "new");
  {
    whole_file file(folder / "f");
    file.write("newest", 6);
  }
  EXPECT_EQ(read_whole(folder / "f"), "new");
  EXPECT_EQ(folder.files(), 1u) << "without commit() nothing stays";
}

TEST(WholeFile, WhatAKillLeftBehindIsOverwritten) {
  scratch_folder const folder("whole_file");
  std::ofstream(folder / "f.part") << "a longer text than the next";
  write_whole(folder / "f", "short");
  EXPECT_EQ(read_whole(folder / "f"), "short");
  EXPECT_EQ(folder.files(), 1u);
}

TEST(WholeFile, AFullDiskLeavesTheOldFile) {
  scratch_folder const folder("whole_file");
  write_whole(folder / "f", "old");
  // 2000 bytes wait in the stream's buffer until commit(); a million do not fit into it.
  for (std::size_t const size : {2'000, 1'000'000}) {
    support::full_disk const full(1000);
    expect_error<io_error>([&] { write_whole(folder / "f", std::string(size, 'x')); },
                           {"write: cannot write", "/f\"", "with room", "File too large"});
    EXPECT_EQ(read_whole(folder / "f"), "old");
    EXPECT_EQ(folder.files(), 1u);
  }
}

TEST(WholeFile, RefusesWhatCannotBeWrittenOrRead) {
  scratch_folder const folder("whole_file");
  expect_error<io_error>([&] { write_whole(folder / "missing/f", "x"); },
                         {"write: cannot write", "missing/f", "No such file"});
  std::filesystem::create_directories(folder / "d/inside");
  expect_error<io_error>([&] { write_whole(folder / "d", "x"); }, {"write: cannot replace", "/d\""});
  EXPECT_EQ(folder.files(), 1u);
  expect_error<io_error>([&] { read_whole(folder / "missing"); }, {"read: cannot open", "missing"});
  expect_error<io_error>([&] { read_whole(folder / "d"); }, {"read: cannot read", "/d\""});
}

}  // namespace
}  // namespace poft
