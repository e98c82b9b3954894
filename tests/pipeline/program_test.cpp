// The program as a whole: help for every command, and what it says to commands that do not exist.
// SPDX-License-Identifier: MIT
#include "calls.hpp"

namespace {

using namespace calls;

TEST(program, every_command_has_help) {
  EXPECT_EQ(call({"--help"}).code, 0);
  for (char const* const command :
       {"score", "merge", "filter", "train", "distil", "generate", "evaluate", "report"}) {
    auto const help = call({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_NE(help.said.find("--out"), std::string::npos) << command;
  }
}

TEST(program, refuses_what_it_does_not_know) {
  EXPECT_EQ(call({}).code, 2);
  EXPECT_EQ(call({"judge"}).code, 2);
  EXPECT_EQ(call({"score", "--model"}).code, 2);
  EXPECT_EQ(call({"score", "--too-long", "maybe"}).code, 2);
}

}  // namespace
