// merge: the mean over models by id, whatever the order of rows and files, and what is refused.
// SPDX-License-Identifier: MIT
#include "calls.hpp"

namespace {

using namespace calls;

std::string row(char const* id, char const* hash, int line, char const* logp) {
  return std::string(R"({"id":")") + id + R"(","hash":")" + hash + R"(","line":)" + std::to_string(line) +
         R"(,"logp":)" + logp + R"(,"tokens":3})";
}

struct scores : support::scratch_folder {
  scores() : support::scratch_folder("pipeline_merge") {
    write_lines(path / "one.jsonl",
                {row("a", "h1", 1, "-0.1"), row("b", "h2", 2, "-1.0"), row("c", "h3", 3, "-2")});
    write_lines(path / "two.jsonl",
                {row("c", "h3", 3, "-4"), row("a", "h1", 1, "-0.2"), row("b", "h2", 2, "-3.0")});
    write_lines(path / "three.jsonl",
                {row("b", "h2", 2, "-5.0"), row("a", "h1", 1, "-0.7"), row("c", "h3", 3, "-3")});
  }
  std::string in(char const* name) const { return (path / name).string(); }
  std::string merged(std::vector<std::string> files, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"merge", "--out", in("merged.jsonl")};
    for (auto const& file : files) arguments.push_back(in(file.c_str()));
    arguments.insert(arguments.end(), more.begin(), more.end());
    expect_done(arguments);
    return poft::read_whole(in("merged.jsonl"));
  }
};

TEST(merge, takes_the_mean_over_models_by_id) {
  scores const s;
  s.merged({"one.jsonl", "two.jsonl", "three.jsonl"});
  auto const rows = rows_of(s.in("merged.jsonl"));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["id"], "a");
  EXPECT_NEAR(rows[0]["logp"].get<double>(), -1.0 / 3, 1e-15);  // (0.1 + 0.2 + 0.7) / 3
  EXPECT_NEAR(rows[1]["logp"].get<double>(), -3.0, 1e-15);      // (1 + 3 + 5) / 3
  EXPECT_NEAR(rows[2]["logp"].get<double>(), -3.0, 1e-15);      // (2 + 4 + 3) / 3
  EXPECT_EQ(rows[2]["models"]["two"], -4.0);
  EXPECT_EQ(rows[2]["hash"], "h3");
}

TEST(merge, does_not_depend_on_the_order_of_files) {
  scores const s;
  auto const first = s.merged({"one.jsonl", "two.jsonl", "three.jsonl"});
  EXPECT_EQ(s.merged({"three.jsonl", "one.jsonl", "two.jsonl"}), first);
  EXPECT_EQ(s.merged({"two.jsonl", "three.jsonl", "one.jsonl"}), first);
}

TEST(merge, refuses_or_drops_a_missing_score) {
  scores const s;
  write_lines(s / "two.jsonl", {row("c", "h3", 3, "null"), row("b", "h2", 2, "-3")});  // a is absent
  expect_refused({"merge", s.in("one.jsonl"), s.in("two.jsonl"), "--out", s.in("m")},
                 {"sample \"a\" has no score by \"two\"", "2 samples", "--missing=drop"});
  EXPECT_FALSE(fs::exists(s / "m"));
  auto const result =
      expect_done({"merge", s.in("one.jsonl"), s.in("two.jsonl"), "--out", s.in("m"), "--missing", "drop"});
  EXPECT_NE(result.complained.find("sample \"c\" has no score by \"two\", dropped"), std::string::npos);
  EXPECT_NE(result.complained.find("2 samples dropped"), std::string::npos);
  auto const rows = rows_of(s / "m");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["logp"], -2.0);
}

TEST(merge, refuses_scores_of_other_data) {
  scores const s;
  write_lines(s / "two.jsonl",
              {row("a", "h1", 1, "-1"), row("b", "other", 2, "-3"), row("c", "h3", 3, "-1")});
  expect_refused({"merge", s.in("one.jsonl"), s.in("two.jsonl"), "--out", s.in("m")},
                 {"two.jsonl", "\"b\"", "\"other\"", "\"h2\"", "different data"});
}

TEST(merge, refuses_what_makes_no_sense) {
  scores const s;
  write_lines(s / "twice.jsonl", {row("a", "h1", 1, "-1"), row("a", "h1", 1, "-1")});
  expect_refused({"merge", s.in("twice.jsonl"), "--out", s.in("m")}, {"twice.jsonl", "\"a\"", "twice"});
  write_lines(s / "text.jsonl", {row("a", "h1", 1, "\"-1\"")});
  expect_refused({"merge", s.in("text.jsonl"), "--out", s.in("m")},
                 {"text.jsonl", "logp", "\"-1\"", "number"});
  write_lines(s / "torn.jsonl", {R"({"id":"a","ha)"});
  expect_refused({"merge", s.in("torn.jsonl"), "--out", s.in("m")}, {"torn.jsonl", "expected"});
  write_lines(s / "empty.jsonl", {});
  expect_refused({"merge", s.in("empty.jsonl"), "--out", s.in("m")}, {"empty.jsonl", "no rows"});
  expect_refused({"merge", s.in("none.jsonl"), "--out", s.in("m")}, {"none.jsonl"});
  fs::create_directories(s / "other");
  fs::copy_file(s / "one.jsonl", s / "other" / "one.jsonl");
  expect_refused({"merge", s.in("one.jsonl"), s.in("other/one.jsonl"), "--out", s.in("m")},
                 {"both of the model \"one\""});
  EXPECT_FALSE(fs::exists(s / "m"));
}

TEST(merge, leaves_nothing_on_a_full_disk) {
  scores const s;
  std::vector<std::string> rows;
  for (int k = 0; k < 100; ++k) rows.push_back(row(std::to_string(k).c_str(), "h", k + 1, "-1"));
  for (char const* const file : {"one.jsonl", "two.jsonl"}) write_lines(s / file, rows);
  {
    support::full_disk const full(4000);
    expect_refused({"merge", s.in("one.jsonl"), s.in("two.jsonl"), "--out", s.in("m")},
                   {"cannot write", "room"});
  }
  EXPECT_EQ(s.files(), 3u);
}

}  // namespace
