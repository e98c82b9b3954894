// metrics_log: the lines of both files, taking up where a checkpoint was, and what it refuses.
// SPDX-License-Identifier: MIT
#include "poft/train/metrics.hpp"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "poft/core/whole_file.hpp"

namespace poft {
namespace {

namespace fs = std::filesystem;

fs::path fresh_folder(std::string const& name) {
  fs::path const folder = fs::path(testing::TempDir()) / ("poft_metrics_" + name);
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

step_metrics metrics_of(double step, double loss) {
  step_metrics out;
  out.step = step;
  out.loss = loss;
  return out;
}

TEST(Metrics, LinesOfBothFiles) {
  auto const folder = fresh_folder("lines");
  {
    metrics_log log(folder);
    log.append(metrics_of(1, 0.1));
    EXPECT_TRUE(read_whole(folder / "metrics.csv").ends_with("\n1,,0.1,,,,,,,,,,,,,\n"))
        << "at once, not at the end";
    log.append(metrics_of(2, 1e-300));
  }
  EXPECT_EQ(
      read_whole(folder / "metrics.csv"),
      "step,examples,loss,margin,accuracy,chosen_log_ratio,rejected_log_ratio,kl_to_reference,entropy,reward,"
      "gradient_norm,learning_rate,tokens_per_second,evaluation_loss,evaluation_margin,evaluation_accuracy\n"
      "1,,0.1,,,,,,,,,,,,,\n"
      "2,,1e-300,,,,,,,,,,,,,\n");
  std::string const lines = read_whole(folder / "metrics.jsonl");
  auto const second       = nlohmann::json::parse(lines.substr(lines.find('\n') + 1));
  EXPECT_EQ(second["step"], 2);
  EXPECT_EQ(second["loss"], 1e-300);
  EXPECT_TRUE(second["margin"].is_null());
  EXPECT_EQ(second.size(), 16u);
}

TEST(Metrics, GoesOnWhereTheCheckpointWas) {
  auto const folder = fresh_folder("resume");
  metrics_position saved;
  {
    metrics_log log(folder);
    log.append(metrics_of(1, 0.5));
    saved = log.sync();
    log.append(metrics_of(2, 0.25));
  }
  write_whole(folder / "metrics.csv", read_whole(folder / "metrics.csv") + "3,0.");  // killed within a line
  metrics_log log(folder, saved);
  log.append(metrics_of(2, 0.75));
  std::string const csv = read_whole(folder / "metrics.csv"), jsonl = read_whole(folder / "metrics.jsonl");
  EXPECT_TRUE(csv.ends_with("\n1,,0.5,,,,,,,,,,,,,\n2,,0.75,,,,,,,,,,,,,\n")) << csv;
  EXPECT_EQ(std::count(jsonl.begin(), jsonl.end(), '\n'), 2);
  EXPECT_NE(jsonl.find("\"loss\": 0.75"), std::string::npos);

  metrics_log const anew(folder);
  EXPECT_EQ(read_whole(folder / "metrics.jsonl"), "");
}

TEST(Metrics, RefusesWithASentence) {
  auto const folder = fresh_folder("refuses");
  write_whole(folder / "metrics.csv", "step\n");
  try {
    metrics_log(folder, {.csv = 100, .jsonl = 100});
    FAIL() << "expected io_error";
  } catch (io_error const& problem) {
    EXPECT_EQ(std::string(problem.what()),
              "write: \"" + (folder / "metrics.csv").string() +
                  "\" has 5 bytes, expected at least the 100 that an earlier run wrote");
  }
  EXPECT_THROW(metrics_log(folder / "missing"), io_error);
  if (fs::exists("/dev/full")) {
    fs::remove(folder / "metrics.csv");
    fs::create_symlink("/dev/full", folder / "metrics.csv");
    EXPECT_THROW(metrics_log{folder}, io_error);
  }
}

}  // namespace
}  // namespace poft
