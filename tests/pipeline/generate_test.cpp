// generate, distil and evaluate: what a model that has learned three answers by heart says.
// SPDX-License-Identifier: MIT
#include <cmath>

#include "calls.hpp"

namespace {

using namespace calls;

/// The world's model after it has learned the world's samples.
struct learned : world {
  explicit learned(std::string const& name) : world(name) {
    expect_done({"train", "--model", in("m"), "--data", in("data.jsonl"), "--objective", "sft", "--steps",
                 "150", "--batch", "3", "--lr", "1e-2", "--out", in("l")});
  }
  std::vector<std::string> call_of(char const* command, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), command);
    return with_defaults(more, {{"--model", in("l")},
                                {"--data", in("data.jsonl")},
                                {"--out", in("g.jsonl")},
                                {"--new-tokens", "8"}});
  }
};

TEST(generate, texts_of_prompts) {
  learned const w("generate");
  expect_done(w.call_of("generate"));
  auto rows = rows_of(w / "g.jsonl");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["text"], "ab");
  EXPECT_EQ(rows[2]["text"], "ih");
  EXPECT_EQ(rows[2]["tokens"], 3);  // with the end of the turn
  EXPECT_TRUE(rows[2]["finished"].get<bool>());
  write_lines(w / "data.jsonl", {R"({"prompt":"reverse hi"})"});
  expect_done(w.call_of("generate"));
  EXPECT_EQ(rows_of(w / "g.jsonl").at(0)["text"], "ih");
  expect_done(w.call_of("generate", {"--new-tokens", "1"}));
  EXPECT_EQ(rows_of(w / "g.jsonl").at(0)["text"], "i");
  EXPECT_FALSE(rows_of(w / "g.jsonl").at(0)["finished"].get<bool>());
}

TEST(generate, draws_follow_from_the_seed) {
  world const w("generate_seed");
  auto const text = [&](char const* seed) {
    expect_done({"generate", "--model", w.in("m"), "--data", w.in("data.jsonl"), "--out", w.in("g"),
                 "--new-tokens", "8", "--temperature", "1", "--seed", seed});
    return poft::read_whole(w / "g");
  };
  EXPECT_EQ(text("1"), text("1"));
  EXPECT_NE(text("1"), text("2"));
}

TEST(generate, prompts_that_leave_no_room) {
  learned const w("generate_long");
  write_lines(w / "data.jsonl",
              {R"({"prompt":")" + std::string(100, 'x') + "\"}", R"({"prompt":"reverse hi"})"});
  expect_refused(w.call_of("generate"),
                 {"data.jsonl", "the prompt has", "expected at most 57"});  // 64 + 1 - 8
  auto const cut = expect_done(w.call_of("generate", {"--too-long=truncate", "--restart"}));
  EXPECT_NE(cut.said.find("1 truncated"), std::string::npos);
  EXPECT_EQ(rows_of(w / "g.jsonl").size(), 2u);
}

TEST(distil, replaces_responses_and_keeps_the_rest) {
  learned const w("distil");
  write_lines(
      w / "data.jsonl",
      {R"({"id":"a","prompt":"copy ab","response":"old","task":"copy"})",
       R"({"id":"b","messages":[{"role":"user","content":"reverse hi"},{"role":"assistant","content":"old"}]})"});
  expect_done(w.call_of("distil"));
  auto const rows = rows_of(w / "g.jsonl");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0], json::parse(R"({"id":"a","prompt":"copy ab","response":"ab","task":"copy"})"));
  EXPECT_EQ(rows[1]["messages"][1]["content"], "ih");
  EXPECT_EQ(rows[1]["messages"].size(), 2u);
  auto const short_ones = expect_done(w.call_of("distil", {"--new-tokens", "1"}));
  EXPECT_NE(short_ones.said.find("2 left out"), std::string::npos) << short_ones.said;
  EXPECT_EQ(rows_of(w / "g.jsonl").size(), 0u);
  // Two bytes and the end are there; three do not end.
  write_lines(w / "data.jsonl", {R"({"id":"c","prompt":"copy xyz","response":"old"})",
                                 R"({"id":"a","prompt":"copy ab","response":"old"})"});
  auto const one_short = expect_done(w.call_of("distil", {"--new-tokens", "3"}));
  EXPECT_NE(one_short.said.find("1 left out"), std::string::npos) << one_short.said;
  ASSERT_EQ(rows_of(w / "g.jsonl").size(), 1u);
  EXPECT_EQ(rows_of(w / "g.jsonl")[0], json::parse(R"({"id":"a","prompt":"copy ab","response":"ab"})"));
}

TEST(evaluate, exact_match_for_each_task_and_nats_per_token) {
  learned const w("evaluate");
  write_lines(w / "data.jsonl", {R"({"id":"b","prompt":"copy xyz","response":"xyz","task":"copy"})",
                                 R"({"id":"d","prompt":"copy ab","response":"not ab","task":"copy"})",
                                 R"({"id":"c","prompt":"reverse hi","response":"ih","task":"reverse"})"});
  expect_done(w.call_of("evaluate", {"--out", w.in("e.json")}));
  auto const judged = json::parse(poft::read_whole(w / "e.json"));
  EXPECT_EQ(judged["tasks"]["copy"]["exact_match"], 0.5);
  EXPECT_EQ(judged["tasks"]["reverse"]["exact_match"], 1.0);
  EXPECT_EQ(judged["exact_match"], 0.75);  // the mean over tasks, not samples
  EXPECT_EQ(judged["samples"], 3);
  double sum = 0;  // over all tokens: 4, 7 and 3
  sum += 4 * tiny::mean_log_prob(w / "l", "copy xyz", "xyz") +
         7 * tiny::mean_log_prob(w / "l", "copy ab", "not ab") +
         3 * tiny::mean_log_prob(w / "l", "reverse hi", "ih");
  EXPECT_NEAR(judged["nats_per_token"].get<double>(), -sum / 14, 1e-4);
  EXPECT_EQ(rows_of(w / "e.answers.jsonl").at(1)["answer"], "ab");
  write_lines(w / "data.jsonl", {R"({"prompt":"copy xyz"})"});
  expect_refused(w.call_of("evaluate", {"--out", w.in("f.json")}), {"data.jsonl", "response"});
}

TEST(report, runs_and_evaluations_in_a_table_and_a_page) {
  learned const w("report");
  expect_done({"evaluate", "--model", w.in("l"), "--data", w.in("data.jsonl"), "--new-tokens", "8"});
  auto const result = expect_done({"report", w.in("l"), "--out", w.in("page.html")});
  EXPECT_NE(result.said.find("exact match"), std::string::npos);
  EXPECT_NE(result.said.find("150"), std::string::npos);
  std::string const page = poft::read_whole(w / "page.html");
  EXPECT_NE(page.find("<svg"), std::string::npos);
  EXPECT_NE(page.find("<td>sft</td>"), std::string::npos);
  EXPECT_EQ(page.find("http"), std::string::npos);
  expect_refused({"report", w.in("m")}, {"metrics.jsonl", "train"});
  expect_refused({"report", w.in("none")}, {"none"});
}

}  // namespace
