// Checkpoints: all kinds of state and back, rotation, and what is refused.
// SPDX-License-Identifier: MIT
#include "poft/train/checkpoint_io.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "poft/core/whole_file.hpp"
#include "support/refusal.hpp"

namespace poft::checkpoint_io_test {
namespace {

using support::refusal;
namespace fs = std::filesystem;

fs::path fresh_folder(std::string const& name) {
  fs::path const folder = fs::path(testing::TempDir()) / ("poft_checkpoint_" + name);
  fs::remove_all(folder);
  return folder;
}

struct some_state {
  std::int64_t step                = 0;
  std::uint64_t seed               = 0;
  double shift                     = 0;
  std::string text                 = {};
  std::vector<double> list         = {};
  std::vector<std::int32_t> tokens = {};
  std::vector<float> parameters    = std::vector<float>(3);

  template <class Visitor>
  void visit(Visitor& state) {
    state("step", step);
    state("seed", seed);
    state("shift", shift);
    state("text", text);
    state("list", list);
    state("tokens", tokens);
    state("parameters", std::span(parameters));
  }
  bool operator==(some_state const&) const = default;
};

void save(checkpoint_folder const& folder, std::int64_t step, some_state state) {
  checkpoint_writer writer;
  state.visit(writer);
  folder.save(step, writer);
}

TEST(CheckpointIo, GivesBackEveryBit) {
  checkpoint_folder const folder(fresh_folder("bits"));
  EXPECT_FALSE(folder.newest());
  some_state const state{-5,
                         std::numeric_limits<std::uint64_t>::max(),
                         0.1,
                         "two, words \"quoted\"",
                         {1.0 / 3, -0.0, std::numeric_limits<double>::infinity()},
                         {},
                         {1e-45f, 3.4e38f, -0.1f}};
  save(folder, 7, state);
  ASSERT_TRUE(folder.newest());
  EXPECT_EQ(folder.newest()->filename(), "checkpoint-000000007.safetensors");
  some_state back;
  checkpoint_reader reader(*folder.newest());
  back.visit(reader);
  EXPECT_EQ(back, state);
  EXPECT_TRUE(std::signbit(back.list[1]));
}

TEST(CheckpointIo, TheNewestStay) {
  checkpoint_folder const folder(fresh_folder("rotation"), 2);
  for (int step : {1, 9, 10, 1000000000}) save(folder, step, {.step = step});
  write_whole(folder.path() / "checkpoint-final.safetensors", "not ours");
  write_whole(folder.path() / "checkpoint-000000011.safetensors.part", "half");
  folder.remove_parts();
  std::vector<std::string> names;
  for (auto const& file : fs::directory_iterator(folder.path()))
    names.push_back(file.path().filename().string());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names,
            (std::vector<std::string>{"checkpoint-000000010.safetensors", "checkpoint-1000000000.safetensors",
                                      "checkpoint-final.safetensors"}));
  EXPECT_EQ(folder.newest()->filename(), "checkpoint-1000000000.safetensors");
}

TEST(CheckpointIo, AWriteThatFailsLeavesTheOneBefore) {
  checkpoint_folder const folder(fresh_folder("full"));
  save(folder, 1, {.step = 1});
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  fs::create_symlink("/dev/full", folder.path() / "checkpoint-000000002.safetensors.part");
  EXPECT_THROW(save(folder, 2, {.step = 2}), io_error);
  EXPECT_EQ(folder.newest()->filename(), "checkpoint-000000001.safetensors");
  some_state back;
  checkpoint_reader reader(*folder.newest());
  back.visit(reader);
  EXPECT_EQ(back.step, 1);
}

TEST(CheckpointIo, RefusesOtherModelsAndOtherRuns) {
  checkpoint_folder const folder(fresh_folder("other"));
  checkpoint_writer writer;
  visit_same_config(gpt_nano(100, 20), writer);
  folder.save(1, writer);
  checkpoint_reader reader(*folder.newest());
  visit_same_config(gpt_nano(100, 20), reader);
  EXPECT_EQ(refusal([&] { visit_same_config(gpt_nano(101, 20), reader); }),
            "checkpoint: it is of another model, whose vocab is 100, expected 101");
  transformer_config tied = gpt_nano(100, 20);
  tied.head               = head_kind::tied;
  EXPECT_EQ(refusal([&] { visit_same_config(tied, reader); }),
            "checkpoint: it is of another model, whose head is 0, expected 1");

  some_state state;
  EXPECT_NE(refusal([&] {
              state.visit(reader);
            }).find("it has no \"step\", expected a checkpoint of this kind of run"),
            std::string::npos);
  save(folder, 2, {.parameters = {1, 2}});
  checkpoint_reader smaller(*folder.newest());
  EXPECT_THROW(state.visit(smaller), shape_error);
  EXPECT_THROW(checkpoint_folder(folder.path(), 0), value_error);
  write_whole(folder.path() / "file", "");
  EXPECT_THROW(checkpoint_folder(folder.path() / "file"), io_error);
}

// Every prefix of a checkpoint is refused: a run never starts from half of one.
TEST(CheckpointIo, RefusesWhatIsCutOff) {
  checkpoint_folder const folder(fresh_folder("cut"));
  save(folder, 1, {.step = 1});
  std::string const whole = read_whole(*folder.newest());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::ofstream(*folder.newest(), std::ios::binary) << std::string_view(whole).substr(0, size);
    EXPECT_THROW(checkpoint_reader{*folder.newest()}, format_error) << size;
  }
}

}  // namespace
}  // namespace poft::checkpoint_io_test
