// filter: which samples stay, by which number, and what is refused.
// SPDX-License-Identifier: MIT
#include "calls.hpp"

namespace {

using namespace calls;

/// Four samples with a column, and a file of scores that was made for them.
struct scored : support::scratch_folder {
  scored() : support::scratch_folder("pipeline_filter") {
    write_lines(path / "data.jsonl", {R"({"prompt":"p","response":"one","quality":3})",
                                      R"({"prompt":"p","response":"two","quality":1})",
                                      R"({"prompt":"p","response":"three","quality":2})",
                                      R"({"prompt":"p","response":"four","quality":4})"});
    tiny::save(path / "m", {});
    expect_done(
        {"score", "--model", in("m"), "--data", in("data.jsonl"), "--out", in("scores.jsonl"), "--ifd"});
    auto rows = rows_of(in("scores.jsonl"));
    // Given logp and logp_alone: IFD = exp(alone - given).
    double const given[] = {-1, -2, -3, -4},
                 alone[] = {-1.5, -1.5, -3.2, -4.9};  // IFD 0.61, 1.65, 0.82, 0.41
    std::vector<std::string> lines;
    for (std::size_t k = 0; k < 4; ++k) {
      rows[k]["logp"] = given[k], rows[k]["logp_alone"] = alone[k];
      lines.push_back(rows[k].dump());
    }
    write_lines(path / "scores.jsonl", lines);
  }
  std::string in(char const* name) const { return (path / name).string(); }
  /// The responses that stay.
  std::vector<std::string> kept(std::vector<std::string> const& more) const {
    std::vector<std::string> arguments{"filter", "--data", in("data.jsonl"), "--out", in("kept.jsonl")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    expect_done(arguments);
    std::vector<std::string> out;
    for (auto const& row : rows_of(in("kept.jsonl"))) out.push_back(row["response"]);
    return out;
  }
};
using texts = std::vector<std::string>;

TEST(filter, by_preference_score) {
  scored const s;
  EXPECT_EQ(s.kept({"--scores", s.in("scores.jsonl"), "--keep-top", "0.5"}), (texts{"one", "two"}));
  EXPECT_EQ(s.kept({"--scores", s.in("scores.jsonl"), "--at-least", "-3"}), (texts{"one", "two", "three"}));
  EXPECT_EQ(s.kept({"--scores", s.in("scores.jsonl"), "--at-most", "-3"}), (texts{"three", "four"}));
}

TEST(filter, by_difficulty) {
  scored const s;
  EXPECT_EQ(s.kept({"--scores", s.in("scores.jsonl"), "--by", "ifd", "--keep-top", "0.5"}),
            (texts{"one", "three"}));
  // Above 1 the prompt misleads: never kept.
  EXPECT_EQ(s.kept({"--scores", s.in("scores.jsonl"), "--by", "ifd", "--keep-top", "1"}),
            (texts{"one", "three", "four"}));
}

TEST(filter, by_a_column_of_the_data) {
  scored const s;
  EXPECT_EQ(s.kept({"--by", "quality", "--keep-top", "0.5"}), (texts{"one", "four"}));
}

TEST(filter, what_is_kept_still_belongs_to_its_scores) {
  scored const s;  // the lines have no ids of their own, and other numbers now
  s.kept({"--by", "quality", "--keep-top", "0.5"});
  EXPECT_EQ(rows_of(s.in("kept.jsonl"))[1]["id"], rows_of(s.in("scores.jsonl"))[3]["id"]);
  expect_done({"filter", "--data", s.in("kept.jsonl"), "--scores", s.in("scores.jsonl"), "--keep-top", "0.5",
               "--out", s.in("again.jsonl")});
  EXPECT_EQ(rows_of(s.in("again.jsonl"))[0]["response"], "one");
}

TEST(filter, refuses_scores_of_other_data_and_missing_ones) {
  scored const s;
  write_lines(s / "other.jsonl", {R"({"prompt":"p","response":"another"})"});
  expect_refused({"filter", "--data", s.in("other.jsonl"), "--scores", s.in("scores.jsonl"), "--keep-top",
                  "1", "--out", s.in("o")},
                 {"scores.jsonl", "content hash", "other data"});
  auto rows = rows_of(s.in("scores.jsonl"));
  write_lines(s / "three.jsonl", {rows[0].dump(), rows[1].dump(), rows[3].dump()});
  expect_refused({"filter", "--data", s.in("data.jsonl"), "--scores", s.in("three.jsonl"), "--keep-top", "1",
                  "--out", s.in("o")},
                 {"data.jsonl", "has no logp", "--missing=drop"});
  EXPECT_FALSE(fs::exists(s / "o"));
  EXPECT_EQ(s.kept({"--scores", s.in("three.jsonl"), "--keep-top", "1", "--missing", "drop"}),
            (texts{"one", "two", "four"}));
  expect_refused(
      {"filter", "--data", s.in("data.jsonl"), "--keep-top", "2", "--by", "quality", "--out", s.in("o")},
      {"fraction is 2"});
  expect_refused({"filter", "--data", s.in("data.jsonl"), "--by", "quality", "--out", s.in("o")},
                 {"--keep-top", "--at-least"});
  expect_refused({"filter", "--data", s.in("data.jsonl"), "--by", "quality", "--keep-top", "1", "--at-least",
                  "1", "--out", s.in("o")},
                 {"expected one of"});
}

}  // namespace
