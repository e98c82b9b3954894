// The joined page: every claim of both papers has its row, from the files of the studies alone.
// SPDX-License-Identifier: MIT
#include "study/joined.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace {

using poft::bandit::verdict;
using study::write_whole;

/// A study of one claim whose contrast has this value in each of five seeds, up to 0.001.
void write_study(study::fs::path const& folder, std::string const& id, double value) {
  study::require_writable(folder);
  study::claim one{.id = id, .text = "Text of " + id + ".", .metric = "final", .least_seeds = 5};
  one.contrasts = {study::difference("a - b", "a", "b")};
  study::write_claims(folder, "somebody", {one});
  study::run_metrics metrics;
  for (long seed = 1; seed <= 5; ++seed) {
    metrics["a"][seed]["final"] = value + 0.001 * double(seed);
    metrics["b"][seed]["final"] = 0;
  }
  study::write_verdicts(folder, study::judge_all({one}, metrics));
}

TEST(joined, what_was_judged_comes_back_from_the_files) {
  support::scratch_folder const at("joined_read");
  write_study(at.path, "S1", 0.2);
  auto const judged = study::read_judged(at.path);
  ASSERT_EQ(judged.size(), 1u);
  EXPECT_EQ(judged[0].result, verdict::holds);
  EXPECT_EQ(judged[0].contrasts[0].seeds, 5u);
  EXPECT_NEAR(judged[0].contrasts[0].difference.mean, 0.203, 1e-6);
  write_study(at.path, "S1", 0.01);
  EXPECT_EQ(study::read_judged(at.path)[0].result, verdict::does_not_hold);
}

TEST(joined, every_claim_has_its_row) {
  support::scratch_folder const at("joined_page");
  write_study(at / "one", "B4", 0.2);
  write_study(at / "two", "P3", 0.01);
  study::write_joined(at / "out", {{"bandits", at / "one"}, {"text", at / "two"}});
  std::string const page = study::read_whole(at / "out/report.html");
  for (char const* id : {"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "B1", "B2",
                         "B3", "B4", "B5", "B6", "B7", "S1", "S2", "S3", "F1", "F2"})
    EXPECT_NE(page.find("<tr><td>" + std::string(id) + "</td>"), std::string::npos) << id;
  EXPECT_NE(page.find("<td>B4</td><td><span class='holds'>"), std::string::npos);
  EXPECT_NE(page.find("<td>P3</td><td><span class='fails'>"), std::string::npos);
  EXPECT_NE(page.find("<td>S1</td><td>not attempted"), std::string::npos);
  for (char const* fetching : {"<link", "<script", " src="})
    EXPECT_EQ(page.find(fetching), std::string::npos) << fetching;
  support::expect_error<poft::io_error>(
      [&] {
        study::write_joined(at / "out", {{"none", at / "three"}});
      },
      {"three"});
}

}  // namespace
