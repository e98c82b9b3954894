// train: what it learns from and what not, where its numbers come from, chains, going on after a kill, and every bad input.
// SPDX-License-Identifier: MIT
#include <cmath>

#include "calls.hpp"

namespace {

using namespace calls;

std::vector<std::string> train(world const& w, std::string const& objective,
                               std::vector<std::string> const& more = {}) {
  std::vector<std::string> out{"train",   "--data", w.in("data.jsonl"), "--objective",
                               objective, "--out",  w.in("o")};
  if (std::find(more.begin(), more.end(), "--preset") == more.end())
    out.insert(out.end(), {"--model", w.in("m")});
  out.insert(out.end(), more.begin(), more.end());
  return out;
}
/// The scores of a model on the world's data.
std::vector<json> scores_by(world const& w, std::string const& model) {
  expect_done(
      {"score", "--model", w.in(model), "--data", w.in("data.jsonl"), "--out", w.in(model + ".jsonl")});
  return rows_of(w / (model + ".jsonl"));
}

TEST(train, supervised_writes_a_folder_that_is_a_model) {
  world const w("train_sft");
  expect_done(train(w, "sft", {"--steps", "30", "--batch", "3", "--lr", "1e-2"}));
  auto const before = scores_by(w, "m"), after = scores_by(w, "o");
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_GT(after[k]["logp"].get<double>(), before[k]["logp"].get<double>() + 1);
  EXPECT_TRUE(fs::exists(w / "o" / "run" / "metrics.csv"));
  EXPECT_EQ(rows_of(w / "o" / "run" / "metrics.jsonl").size(), 30u);
}

TEST(train, from_nothing_by_a_preset) {
  world const w("train_preset");
  for (std::string const preset : {"gpt_nano", "llama_nano"}) {
    expect_done(train(w, "sft",
                      {"--preset", preset, "--tokenizer", w.in("m"), "--positions", "48", "--steps", "2",
                       "--batch", "3", "--restart"}));
    auto const config = json::parse(poft::read_whole(w / "o" / "config.json"));
    EXPECT_EQ(config["vocab_size"], tiny::vocab(w / "m"));
    scores_by(w, "o");
  }
  expect_refused(train(w, "sft", {"--preset", "gpt_huge", "--tokenizer", w.in("m")}),
                 {"gpt_huge", "llama_nano"});
}

// Where there is no GPU, or no CUDA was there to build with, it says so before it does anything.
TEST(train, on_a_gpu_or_with_a_sentence) {
  world const w("train_device");
  auto const result = call(train(w, "sft", {"--steps", "2", "--batch", "3", "--device", "cuda"}));
  if (result.code == 0) {
    scores_by(w, "o");
    return;
  }
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.complained.find("cuda: "), std::string::npos) << result.complained;
  EXPECT_NE(result.complained.find("expected"), std::string::npos) << result.complained;
  EXPECT_FALSE(fs::exists(w / "o"));
}

// Near what float makes of it, and not the same: masters of float are saved, which are no bfloat16 numbers.
TEST(train, in_bfloat16) {
  world const w("train_bfloat16");
  auto const run = [&](char const* type) {
    return train(w, "sft", {"--steps", "30", "--batch", "3", "--lr", "1e-2", "--dtype", type});
  };
  expect_done(run("bfloat16"));
  auto const masters = tiny::parameters(w / "o");
  EXPECT_TRUE(std::ranges::any_of(
      masters, [](float one) { return static_cast<float>(static_cast<poft::bfloat16>(one)) != one; }));
  auto const rough = scores_by(w, "o");
  expect_refused(run("float32"), {"dtype", "bfloat16", "--restart"});
  fs::remove_all(w / "o");
  expect_done(run("float32"));
  EXPECT_NE(tiny::parameters(w / "o"), masters);
  auto const fine = scores_by(w, "o"), before = scores_by(w, "m");
  for (std::size_t k = 0; k < 3; ++k) {
    double const learnt = fine[k]["logp"].get<double>() - before[k]["logp"].get<double>();
    EXPECT_NEAR(rough[k]["logp"].get<double>(), fine[k]["logp"].get<double>(), 0.1 * learnt);
  }
  expect_refused(run("float16"), {"--dtype", "float16", "bfloat16"});
}

// Eqs. 7-9 of arXiv:2412.12865: PoFT's gradient is tau = sigma(r_LLM - r_theta) times that of SFT, and so is a step of SGD.
TEST(train, poft_is_supervised_training_times_tau) {
  world const w("train_tau");
  write_lines(w / "data.jsonl", {R"({"id":"a","prompt":"copy ab","response":"ab"})"});
  auto row         = scores_by(w, "m").at(0);
  double const own = row["logp"];
  double const llm = own - 0.7;  // of some aligned model, in whatever tokens it has
  row["logp"]      = llm;
  row["tokens"]    = 1000;
  write_lines(w / "llm.jsonl", {row.dump()});
  std::vector<std::string> const once{"--steps", "1",          "--batch",  "1",        "--optimiser",
                                      "sgd",     "--schedule", "constant", "--warmup", "0",
                                      "--clip",  "0",          "--lr",     "0.1",      "--restart"};
  auto const step = [&](char const* objective, std::vector<std::string> more) {
    more.insert(more.end(), once.begin(), once.end());
    expect_done(train(w, objective, more));
    auto const before = tiny::parameters(w / "m"), after = tiny::parameters(w / "o");
    std::vector<double> d;
    for (std::size_t k = 0; k < before.size(); ++k) d.push_back(static_cast<double>(after[k]) - before[k]);
    return d;
  };
  auto const sft = step("sft", {}), poft = step("poft", {"--scores", w.in("llm.jsonl")});
  double dot = 0, squares = 0;
  for (std::size_t k = 0; k < sft.size(); ++k) dot += poft[k] * sft[k], squares += sft[k] * sft[k];
  ASSERT_GT(squares, 0);
  EXPECT_NEAR(dot / squares, 1 / (1 + std::exp(own - llm)), 1e-4);
  auto const steep = step("poft=beta:2,gamma:0.5", {"--scores", w.in("llm.jsonl")});
  dot              = 0;
  for (std::size_t k = 0; k < sft.size(); ++k) dot += steep[k] * sft[k];
  EXPECT_NEAR(dot / squares, 2 / (1 + std::exp(2 * (own - llm) + 0.5)), 1e-4);
}

TEST(train, aligned_scores_are_those_of_the_same_data) {
  world const w("train_scores");
  auto rows = scores_by(w, "m");
  expect_refused(train(w, "poft"), {"data.jsonl", "no aligned score", "--scores"});
  write_lines(w / "two.jsonl", {rows[0].dump(), rows[2].dump()});
  expect_refused(train(w, "poft", {"--scores", w.in("two.jsonl")}), {"\"b\"", "two.jsonl", "--missing=drop"});
  auto const dropped = expect_done(train(
      w, "poft", {"--scores", w.in("two.jsonl"), "--missing", "drop", "--epochs", "3", "--batch", "1"}));
  EXPECT_NE(dropped.said.find("6 steps"), std::string::npos) << dropped.said;
  rows[1]["hash"] = "0123456789abcdef";
  write_lines(w / "other.jsonl", {rows[0].dump(), rows[1].dump(), rows[2].dump()});
  expect_refused(train(w, "poft", {"--scores", w.in("other.jsonl"), "--restart"}),
                 {"other.jsonl", "\"b\"", "other data"});
  // The lines' own column serves as well.
  write_lines(w / "data.jsonl", {R"({"prompt":"p","response":"r","logp":-1.5})"});
  expect_done(train(w, "poft", {"--steps", "1", "--batch", "1", "--restart"}));
}

TEST(train, supervised_then_dpo) {
  world const w("train_dpo");
  expect_done(train(w, "sft", {"--steps", "5", "--batch", "3"}));
  write_lines(w / "pairs.jsonl", {R"({"prompt":"say","chosen":"yes","rejected":"no"})",
                                  R"({"prompt":"tell","chosen":"yes","rejected":"nay"})"});
  expect_done({"train", "--model", w.in("o"), "--data", w.in("pairs.jsonl"), "--held-out",
               w.in("pairs.jsonl"), "--objective", "dpo=beta:0.5", "--out", w.in("d"), "--steps", "20",
               "--batch", "2", "--lr", "1e-2"});
  auto const metrics = rows_of(w / "d" / "run" / "metrics.jsonl");
  EXPECT_NEAR(metrics[0]["loss"].get<double>(), std::log(2), 1e-5);  // the reference is where it starts
  EXPECT_NEAR(metrics[0]["margin"].get<double>(), 0, 1e-5);
  EXPECT_EQ(metrics.back()["accuracy"], 1.0);
  EXPECT_LT(metrics.back()["evaluation_loss"].get<double>(), std::log(2));
  EXPECT_EQ(rows_of(w / "d" / "run" / "reference.jsonl").size(), 2u);
}

TEST(train, every_kind_of_objective_by_name) {
  world const w("train_names");
  write_lines(w / "pairs.jsonl", {R"({"prompt":"say","chosen":"yes","rejected":"no"})"});
  write_lines(w / "labels.jsonl", {R"({"prompt":"say","response":"yes","label":true,"logp":-1})",
                                   R"({"prompt":"say","response":"no","label":false,"logp":-2})"});
  auto const run = [&](std::string const& objective, char const* data,
                       std::vector<std::string> const& more = {}) {
    std::vector<std::string> arguments{"train",       "--model", w.in("m"), "--data",   w.in(data),
                                       "--objective", objective, "--out",   w.in("n"),  "--steps",
                                       "2",           "--batch", "2",       "--restart"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    expect_done(arguments);
  };
  for (char const* const name : {"dpo", "ipo", "simpo", "orpo", "cpo"}) run(name, "pairs.jsonl");
  run("sft", "pairs.jsonl", {"--member", "chosen"});
  run("kto", "labels.jsonl", {"--column", "desirable=label"});
  run("bi-poft=beta:2", "labels.jsonl", {"--column", "clean=label"});
}

TEST(train, refuses_objectives_that_do_not_exist_or_do_not_fit) {
  world const w("train_objectives");
  expect_refused(train(w, "gpo"), {"'gpo'", "expected one of", "dpo", "poft"});
  expect_refused(train(w, "poft=alpha:1"), {"alpha", "beta, gamma"});
  expect_refused(train(w, "poft=beta"), {"\"beta\"", "parameter:number"});
  expect_refused(train(w, "poft=beta:-1"), {"beta must be > 0"});
  expect_refused(train(w, "kto"), {"data.jsonl", "no desirable"});
  expect_refused(train(w, "dpo", {"--restart"}), {"dpo", "chosen"});
  write_lines(w / "data.jsonl",
              {R"({"prompt":"p","response":"r"})", R"({"prompt":"p","chosen":"r","rejected":"s"})"});
  expect_refused(train(w, "sft", {"--restart"}), {"data.jsonl", "2", "do not mix"});
  EXPECT_FALSE(fs::exists(w / "o" / "config.json"));
}

TEST(train, refuses_settings_that_make_no_sense) {
  world const w("train_settings");
  expect_refused(train(w, "sft", {"--batch", "0"}), {"batch is 0"});
  expect_refused(train(w, "sft", {"--epochs", "-1"}), {"epochs is -1"});
  expect_refused(train(w, "sft", {"--lr", "fast"}), {"--lr"});
  expect_refused(train(w, "sft", {"--preset", "gpt_nano", "--model", w.in("m")}),
                 {"one of --model and --preset"});
  expect_refused(
      {"train", "--model", w.in("m"), "--data", w.in("data.jsonl"), "--objective", "sft", "--out", w.in("m")},
      {"own folder"});
  expect_refused(train(w, "sft", {"--learning", "1"}), {"--learning"});
}

TEST(train, goes_on_from_its_checkpoint_bit_for_bit) {
  world const w("train_resume");
  std::vector<std::string> const settings{"--steps", "20",        "--batch", "2", "--checkpoint-every",
                                          "1",       "--dropout", "0.1"};
  expect_done(train(w, "sft", settings));
  std::string const whole = poft::read_whole(w / "o" / "model.safetensors");
  // What a kill leaves: the run without the last steps and without a model.
  fs::path const newest = w / "o" / "run" / "checkpoint-000000020.safetensors";
  ASSERT_TRUE(fs::exists(newest));
  fs::remove(newest);
  fs::remove(w / "o" / "model.safetensors");
  fs::remove(w / "o" / "config.json");
  expect_done(train(w, "sft", settings));
  EXPECT_EQ(poft::read_whole(w / "o" / "model.safetensors"), whole);
  EXPECT_EQ(rows_of(w / "o" / "run" / "metrics.jsonl").size(), 20u);
  expect_refused(train(w, "sft", {"--steps", "20", "--batch", "3"}),
                 {"of another run", "batch", "\"2\"", "\"3\"", "--restart"});
  write_lines(w / "data.jsonl", {R"({"prompt":"p","response":"r"})"});
  expect_refused(train(w, "sft", settings), {"of another run", "content"});
}

// The same samples chunk by chunk: as many visits of each, within every epoch.
TEST(train, a_file_larger_than_the_chunk) {
  world const w("train_chunks");
  std::vector<std::string> lines;
  for (int k = 0; k < 10; ++k) lines.push_back(R"({"prompt":"p","response":"r)" + std::to_string(k) + "\"}");
  write_lines(w / "data.jsonl", lines);
  auto const done = expect_done(train(w, "sft", {"--chunk", "4", "--batch", "2", "--epochs", "2"}));
  EXPECT_NE(done.said.find("10 steps"), std::string::npos) << done.said;
  EXPECT_EQ(rows_of(w / "o" / "run" / "metrics.jsonl").back()["examples"], 20);
}

TEST(train, a_full_disk_leaves_no_half_model) {
  world const w("train_full_disk");
  {
    support::full_disk const full(20000);
    expect_refused(train(w, "sft", {"--steps", "2", "--batch", "1"}), {"cannot write", "room"});
  }
  EXPECT_FALSE(fs::exists(w / "o" / "config.json"));
  EXPECT_FALSE(fs::exists(w / "o" / "model.safetensors"));
  expect_done(train(w, "sft", {"--steps", "2", "--batch", "1"}));
  scores_by(w, "o");
}

}  // namespace
