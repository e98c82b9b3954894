// score: whose tokens are counted, what belongs to the response, going on after a kill, and every bad input.
// SPDX-License-Identifier: MIT
#include <cmath>

#include "calls.hpp"
#include "poft/text/tokenizer.hpp"

namespace {

using namespace calls;

std::vector<std::string> score(world const& w, std::vector<std::string> const& more = {}) {
  std::vector<std::string> out{"score", "--model",      w.in("m"), "--data", w.in("data.jsonl"),
                               "--out", w.in("s.jsonl")};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

TEST(score, a_row_for_each_sample) {
  world const w("score_rows");
  expect_done(score(w));
  auto const rows = rows_of(w / "s.jsonl");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["id"], "a");
  EXPECT_EQ(rows[1]["line"], 2);
  EXPECT_EQ(rows[0]["tokens"], 3);  // two bytes and the end of the turn
  EXPECT_EQ(rows[1]["tokens"], 4);
  EXPECT_LT(rows[0]["logp"].get<double>(), 0);
  EXPECT_FALSE(fs::exists(w / "s.jsonl.part"));
  EXPECT_FALSE(fs::exists(w / "s.jsonl.part.json"));
}

TEST(score, the_end_token_counts_unless_told) {
  world const w("score_end");
  expect_done(score(w, {"--score-end-token=off"}));
  EXPECT_EQ(rows_of(w / "s.jsonl")[0]["tokens"], 2);
}

// A model without knowledge gives each of its V tokens log 1/V, so that its mean is -log V whatever the length; by the length
// in another model's tokens it would not be.
TEST(score, the_mean_is_over_the_tokens_of_the_model_that_scores) {
  world const w("score_lengths");
  tiny::save(w / "bytes", {.zeros = true});
  tiny::save(w / "pairs", {.zeros = true, .merges = true});
  for (auto const& [model, tokens] :
       {std::pair("bytes", 5), std::pair("pairs", 3)}) {  // "abab": 4 bytes, or 2 "ab"
    write_lines(w / "abab.jsonl", {R"({"id":"a","prompt":"copy abab","response":"abab"})"});
    expect_done({"score", "--model", w.in(model), "--data", w.in("abab.jsonl"), "--out", w.in("s.jsonl")});
    auto const row = rows_of(w / "s.jsonl").at(0);
    EXPECT_EQ(row["tokens"], tokens) << model;
    EXPECT_NEAR(row["logp"].get<double>(), -std::log(static_cast<double>(tiny::vocab(w / model))), 1e-6)
        << model;
  }
}

// Against log-softmax of the hidden states by hand, for the ids that the template gives.
TEST(score, is_the_log_prob_of_the_response_alone) {
  world const w("score_by_hand");
  expect_done(score(w));
  auto const rows = rows_of(w / "s.jsonl");
  EXPECT_NEAR(rows[0]["logp"].get<double>(), tiny::mean_log_prob(w / "m", "copy ab", "ab"), 1e-5);
  EXPECT_NEAR(rows[1]["logp"].get<double>(), tiny::mean_log_prob(w / "m", "copy xyz", "xyz"), 1e-5);
}

TEST(score, pairs_and_messages) {
  world const w("score_pairs");
  write_lines(w / "data.jsonl", {R"({"prompt":"say","chosen":"yes","rejected":"no"})"});
  expect_done(score(w));
  auto const row = rows_of(w / "s.jsonl").at(0);
  EXPECT_EQ(row["chosen_tokens"], 4);
  EXPECT_EQ(row["rejected_tokens"], 3);
  EXPECT_NEAR(row["rejected_logp"].get<double>(), tiny::mean_log_prob(w / "m", "say", "no"), 1e-5);
  write_lines(w / "data.jsonl",
              {R"({"messages":[{"role":"user","content":"say"},{"role":"assistant","content":"no"}]})"});
  expect_done(score(w));
  EXPECT_NEAR(rows_of(w / "s.jsonl").at(0)["logp"].get<double>(), row["rejected_logp"].get<double>(), 1e-6);
}

// <|user|>a<|end|><|assistant|> b <|end|> <|user|>c<|end|><|assistant|> de <|end|>: what the assistant says counts, and its ends.
TEST(score, every_turn_of_the_assistant_counts_and_nothing_else) {
  world const w("score_turns");
  write_lines(w / "data.jsonl",
              {R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},)"
               R"({"role":"user","content":"c"},{"role":"assistant","content":"de"}]})"});
  expect_done(score(w));
  auto const row = rows_of(w / "s.jsonl").at(0);
  EXPECT_EQ(row["tokens"], 5);
  std::vector<std::int32_t> const ids{257, 'a', 256, 258, 'b', 256, 257, 'c', 256, 258, 'd', 'e', 256};
  std::vector<bool> const counts{false, false, false, false, true, true, false,
                                 false, false, false, true,  true, true};
  EXPECT_NEAR(row["logp"].get<double>(), tiny::mean_log_prob(w / "m", ids, counts), 1e-5);
}

TEST(score, somebody_elses_tokens_as_they_are) {
  world const w("score_ids_given");
  expect_done(score(w));
  double const by_text = rows_of(w / "s.jsonl")[0]["logp"];
  json line{{"id", "a"}, {"prompt_ids", tiny::ids_of_prompt("copy ab")}, {"response_ids", {'a', 'b', 256}}};
  write_lines(w / "data.jsonl", {line.dump()});
  expect_done(score(w));
  EXPECT_NEAR(rows_of(w / "s.jsonl")[0]["logp"].get<double>(), by_text, 1e-6);
  line["response_ids"] = {'a', 260};
  write_lines(w / "data.jsonl", {line.dump()});
  expect_refused(score(w), {"data.jsonl", "line 1", "260", "0 .. 259"});
}

TEST(score, without_the_prompt_for_ifd) {
  world const w("score_ifd");
  expect_done(score(w, {"--ifd"}));
  auto const with = rows_of(w / "s.jsonl");
  EXPECT_NE(with[0]["logp_alone"], with[0]["logp"]);
  // The prompt has no part in it: another prompt changes nothing.
  write_lines(w / "data.jsonl", {R"({"id":"a","prompt":"quite another thing","response":"ab"})"});
  expect_done(score(w, {"--ifd"}));
  EXPECT_NEAR(rows_of(w / "s.jsonl")[0]["logp_alone"].get<double>(), with[0]["logp_alone"].get<double>(),
              1e-6);
}

TEST(score, any_number_of_threads_gives_the_same_bytes) {
  world const w("score_threads");
  expect_done(score(w, {"--threads", "1"}));
  std::string const one = poft::read_whole(w / "s.jsonl");
  expect_done(score(w, {"--threads", "3"}));
  EXPECT_EQ(poft::read_whole(w / "s.jsonl"), one);
}

TEST(score, goes_on_where_a_run_was_cut_off) {
  world const w("score_resume");
  std::vector<std::string> lines;
  for (int k = 0; k < 600; ++k)
    lines.push_back(R"({"id":"n)" + std::to_string(k) + R"(","prompt":"p","response":"r)" +
                    std::to_string(k) + "\"}");
  write_lines(w / "data.jsonl", lines);
  expect_done(score(w));
  std::string const whole = poft::read_whole(w / "s.jsonl");
  // What a kill leaves: the rows so far, the last one torn.
  {
    support::full_disk const full(30000);
    expect_refused(score(w), {"cannot write", "room"});
  }
  EXPECT_EQ(poft::read_whole(w / "s.jsonl"), whole);  // the old result stands until there is a new one
  ASSERT_GT(fs::file_size(w / "s.jsonl.part"), 0u);
  ASSERT_LT(fs::file_size(w / "s.jsonl.part"), whole.size());
  fs::remove(w / "s.jsonl");
  expect_done(score(w));
  EXPECT_EQ(poft::read_whole(w / "s.jsonl"), whole);
  EXPECT_FALSE(fs::exists(w / "s.jsonl.part"));
}

TEST(score, does_not_go_on_with_the_part_of_another_run) {
  world const w("score_other_run");
  expect_done(score(w));
  fs::rename(w / "s.jsonl", w / "s.jsonl.part");
  poft::write_whole(w / "s.jsonl.part.json", R"({"data":"another"})");
  expect_refused(score(w), {"s.jsonl.part", "of another run", "\"another\"", "--restart"});
  expect_done(score(w, {"--restart"}));
}

// A run that stopped at a bad line leaves the rows of its first batch; the data has changed under its name since.
TEST(score, does_not_go_on_where_a_sample_has_another_content) {
  world const w("score_other_content");
  std::vector<std::string> lines;
  for (int k = 0; k < 100; ++k)
    lines.push_back(
        poft::message(R"({"id":")", k, R"(","prompt":"a prompt of some length","response":"r"})"));
  lines.push_back("{");
  write_lines(w / "data.jsonl", lines);
  expect_refused(score(w), {"data.jsonl", "101"});
  ASSERT_GT(rows_of(w / "s.jsonl.part").size(), 2u);
  lines[1].replace(lines[1].find("\"r\""), 3, "\"R\"");
  write_lines(w / "data.jsonl", lines);
  expect_refused(score(w), {"s.jsonl.part", "of another run", "\"1\"", "another content", "--restart"});
}

TEST(score, refuses_or_passes_over_bad_lines) {
  world const w("score_bad_lines");
  std::string const good = R"({"id":"g","prompt":"p","response":"r"})";
  struct bad_line {
    std::string text;
    char const* part;
  };
  for (auto const& bad : {bad_line{R"({"id":"b","prompt":"p","respon)", "expected"},
                          {"[1, 2]", "expected"},
                          {R"({"id":"b","prompt":"p","response":7})", "response"},
                          {R"({"id":"b","prompt":"p","response":""})", "empty"},
                          {R"({"id":"b","prompt":["p"],"response":"r"})", "prompt"},
                          {"{\"id\":\"b\",\"prompt\":\"p\xff\",\"response\":\"r\"}", "UTF-8"},
                          {R"({"id":"b","messages":[{"role":"user","content":7}]})", "content"},
                          {R"({"id":"b"})", "expected"}}) {
    write_lines(w / "data.jsonl", {good, bad.text});
    expect_refused(score(w), {"data.jsonl", "2", bad.part});
    EXPECT_FALSE(fs::exists(w / "s.jsonl"));
    auto const result = expect_done(score(w, {"--skip-bad-lines", "--restart"}));
    EXPECT_NE(result.said.find("1 bad lines skipped"), std::string::npos) << result.said;
    EXPECT_EQ(rows_of(w / "s.jsonl").size(), 1u) << bad.text;
    fs::remove(w / "s.jsonl");
    fs::remove(w / "s.jsonl.part");
  }
}

TEST(score, refuses_ids_that_stand_twice) {
  world const w("score_ids");
  write_lines(w / "data.jsonl",
              {R"({"id":"a","prompt":"p","response":"r"})", R"({"id":"a","prompt":"q","response":"s"})"});
  expect_refused(score(w), {"data.jsonl", "line 2", "\"a\"", "no earlier line has"});
}

TEST(score, what_is_too_long_is_refused_cut_or_skipped) {
  world const w("score_long");
  write_lines(w / "data.jsonl", {R"({"id":"a","prompt":"p","response":")" + std::string(200, 'x') + "\"}",
                                 R"({"id":"b","prompt":"p","response":"short"})",
                                 R"({"id":"c","prompt":")" + std::string(200, 'x') + R"(","response":"r"})"});
  expect_refused(score(w), {"data.jsonl", "1", "expected at most 65", "--too-long"});
  auto const skipped = expect_done(score(w, {"--too-long=skip", "--restart"}));
  EXPECT_NE(skipped.said.find("1 samples"), std::string::npos) << skipped.said;
  EXPECT_NE(skipped.said.find("2 too long and skipped"), std::string::npos) << skipped.said;
  auto const cut = expect_done(score(w, {"--too-long=truncate"}));
  EXPECT_NE(cut.said.find("1 truncated, 1 too long and skipped"), std::string::npos) << cut.said;
  auto const rows = rows_of(w / "s.jsonl");
  ASSERT_EQ(rows.size(), 2u);  // nothing of c's response is left
  EXPECT_EQ(rows[0]["tokens"].get<int>() + static_cast<int>(tiny::ids_of_prompt("p").size()),
            65);  // positions + 1
}

TEST(score, refuses_folders_that_are_no_models) {
  world const w("score_folders");
  fs::create_directories(w / "empty");
  expect_refused({"score", "--model", w.in("empty"), "--data", w.in("data.jsonl"), "--out", w.in("s")},
                 {"config.json"});
  tiny::save(w / "bare", {});
  tiny::remove_tokenizer(w / "bare");
  expect_refused({"score", "--model", w.in("bare"), "--data", w.in("data.jsonl"), "--out", w.in("s")},
                 {"bare", "tokenizer"});
  tiny::save(w / "small", {.vocab = 100});
  expect_refused({"score", "--model", w.in("small"), "--data", w.in("data.jsonl"), "--out", w.in("s")},
                 {"small", "tokenizer", "100"});
  tiny::save(w / "cut", {});
  fs::resize_file(w / "cut" / "model.safetensors", 1000);
  expect_refused({"score", "--model", w.in("cut"), "--data", w.in("data.jsonl"), "--out", w.in("s")},
                 {"model.safetensors"});
  expect_refused({"score", "--model", w.in("m"), "--data", w.in("none.jsonl"), "--out", w.in("s")},
                 {"none.jsonl"});
  write_lines(w / "nothing.jsonl", {});
  expect_refused({"score", "--model", w.in("m"), "--data", w.in("nothing.jsonl"), "--out", w.in("s")},
                 {"no sample"});
  expect_refused({"score", "--model", w.in("m"), "--data", w.in("data.jsonl"), "--out", w.in("m")},
                 {"is a folder"});
  expect_refused(
      {"score", "--model", w.in("m"), "--data", w.in("data.jsonl"), "--out", w.in("no/such/folder/s")},
      {"no/such/folder"});
}

}  // namespace
