// Runs of the trainer: metrics, resuming bit for bit, stopping on what is not finite, reward models, own samples.
// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "poft/backend/eigen/backend.hpp"
#include "poft/core/whole_file.hpp"
#include "poft/preference/advantage.hpp"
#include "poft/train/on_policy.hpp"
#include "poft/train/score.hpp"
#include "poft/train/score_cache_io.hpp"
#include "poft/train/trainer.hpp"
#include "support/refusal.hpp"

namespace poft::trainer_run_test {
namespace {

using support::refusal;
namespace fs = std::filesystem;

using tokens = std::vector<std::int32_t>;
using model  = transformer<eigen::backend, float>;
using runner = trainer<eigen::backend, float>;

constexpr std::int32_t vocab = 9;

model tiny_model(bool scalar_head = false, double dropout = 0) {
  transformer_config config = gpt(1, 2, 16, vocab, 8);
  config.scalar_head        = scalar_head;
  config.dropout            = dropout;
  model out({.threads = 1}, config);
  initialise(config, out.slices(), 1);
  return out;
}

// The chosen response says 3, the rejected one 4.
dataset pairs(int examples) {
  dataset data({"chosen", "rejected"});
  random_stream random(5);
  for (int e = 0; e < examples; ++e) {
    auto const draw = [&] { return static_cast<std::int32_t>(random.below(vocab)); };
    data.add(tokens{draw(), draw()}, {tokens{3, draw()}, tokens{4, draw(), draw()}});
  }
  return data;
}
dataset labelled(int examples) {
  dataset data;
  random_stream random(6);
  std::vector<double> desirable;
  for (int e = 0; e < examples; ++e) {
    auto const draw = [&] { return static_cast<std::int32_t>(random.below(vocab)); };
    data.add(tokens{draw()}, {tokens{e % 2 ? 3 : 4, draw()}});
    desirable.push_back(e % 2);
  }
  data.set("desirable", desirable);
  return data;
}

fs::path fresh_folder(std::string const& name) {
  fs::path const folder = fs::path(testing::TempDir()) / ("poft_trainer_" + name);
  fs::remove_all(folder);
  return folder;
}

// Without the seconds, which differ from run to run.
std::string metrics_of(fs::path const& folder) {
  std::istringstream lines(read_whole(folder / "metrics.csv"));
  std::string out, line;
  while (std::getline(lines, line)) {
    std::istringstream cells(line);
    std::string cell;
    for (int k = 0; std::getline(cells, cell, ','); ++k) out += k == 12 ? "" : cell + ",";
    out += "\n";
  }
  return out;
}

std::vector<float> parameters_of(model& net) { return {net.parameters().begin(), net.parameters().end()}; }

training_settings quiet(std::int64_t steps, fs::path const& folder = {}) {
  training_settings out;
  out.steps         = steps;
  out.batch         = 8;
  out.learning_rate = 1e-2;
  out.folder        = folder;
  out.show_progress = false;
  return out;
}

TEST(TrainerRun, LearnsPairsAndSaysSo) {
  auto const folder = fresh_folder("learns");
  model net         = tiny_model();
  dataset data = pairs(40), held_out = pairs(12);
  for (auto* one : {&data, &held_out}) one->set("reference_log_prob", response_log_probs(net, *one));
  auto settings             = quiet(60, folder);
  settings.evaluation_every = 30;
  settings.entropy_metric   = true;
  runner one(net, {{make_objective("dpo")}}, settings);
  auto const before = one.evaluate(held_out);
  EXPECT_NEAR(before.loss, std::log(2.0), 1e-6) << "policy and reference are the same model";
  EXPECT_NEAR(before.margin, 0, 1e-6);
  EXPECT_NEAR(before.entropy, std::log(9.0), 0.05) << "nearly uniform";
  one.run(data, &held_out);
  auto const after = one.evaluate(held_out);
  EXPECT_LT(after.loss, 0.3);
  EXPECT_EQ(after.accuracy, 1);
  EXPECT_GT(after.chosen_log_ratio, after.rejected_log_ratio);
  std::string const csv = read_whole(folder / "metrics.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 61);
  EXPECT_NE(csv.find("\n30,240,"), std::string::npos);
}

// With everything that has a state: Adam, a schedule, BCO's running shift, dropout, micro-batches of a coupled objective.
TEST(TrainerRun, ResumesBitForBit) {
  dataset data = labelled(22);
  {
    model reference = tiny_model();
    data.set("reference_log_prob", response_log_probs(reference, data));
  }
  std::vector<float> want;
  std::string metrics;
  for (auto const& stops : {std::vector<std::int64_t>{12}, {1, 12}, {5, 9, 12}}) {
    auto const folder = fresh_folder("resumes");
    std::vector<float> got;
    for (std::int64_t const stop : stops) {
      model net                 = tiny_model(false, 0.1);
      auto settings             = quiet(stop, folder);
      settings.batch            = 6;
      settings.schedule         = cosine_schedule{.warmup = 2, .total = 12};
      settings.micro_batch      = 4;
      settings.checkpoint_every = 4;
      training_term bco{make_objective("bco")}, nll{make_objective("nll"), 0.1};
      runner(net, {bco, nll}, settings).run(data);
      got = parameters_of(net);
    }
    if (want.empty()) {
      want    = got;
      metrics = metrics_of(folder);
    }
    EXPECT_EQ(got, want) << stops.size();
    EXPECT_EQ(metrics_of(folder), metrics) << stops.size();
  }
}

data_source own_samples(model& policy, model& reference) {
  std::vector<tokens> prompts;
  for (std::int32_t k = 0; k < vocab; ++k) prompts.push_back({k});
  on_policy_settings settings;
  settings.prompts_per_round     = 8;
  settings.samples_per_prompt    = 4;
  settings.steps                 = 3;
  settings.generation.new_tokens = 2;
  settings.generation.seed       = 9;
  auto const reward = reward_of_each([](auto, auto response) { return response[0] == 3 ? 1.0 : 0.0; });
  return on_policy(policy, prompts, settings, reward, [&](dataset samples, std::vector<double>& state) {
    samples.set("advantage", preference::leave_one_out(samples.column("reward"), 4));
    samples.set("reference_log_prob", response_log_probs(reference, samples));
    state.push_back(static_cast<double>(samples.examples()));
    return samples;
  });
}

TEST(TrainerRun, LearnsFromItsOwnSamples) {
  auto const folder = fresh_folder("own");
  model net = tiny_model(), reference = tiny_model();
  training_term term{make_objective("ppo_clip_k3", {{"kl_coefficient", 0.01}})};
  term.level     = objective_level::token;
  auto settings  = quiet(120, folder);
  settings.batch = 32;
  runner(net, {term}, settings).run(own_samples(net, reference));
  std::istringstream lines(metrics_of(folder));
  std::string header, line, first, last;
  std::getline(lines, header);
  std::getline(lines, first);
  while (std::getline(lines, line)) last = line;
  auto const cell = [](std::string const& text, int k) {
    std::istringstream cells(text);
    std::string out;
    for (int i = 0; i <= k; ++i) std::getline(cells, out, ',');
    return std::stod(out);
  };
  EXPECT_LT(cell(first, 9), 0.4) << "reward: one of nine tokens by chance";
  EXPECT_GT(cell(last, 9), 0.9);
  EXPECT_GT(cell(last, 7), 0.5) << "divergence from the reference: log 9 for a sure first token";
}

TEST(TrainerRun, ResumesWithinARoundOfOwnSamples) {
  training_term term{make_objective("ppo_clip")};
  term.level = objective_level::token;
  std::vector<float> want;
  for (auto const& stops : {std::vector<std::int64_t>{10}, {4, 10}, {6, 7, 10}}) {
    auto const folder = fresh_folder("round");
    std::vector<float> got;
    for (std::int64_t const stop : stops) {
      model net = tiny_model(), reference = tiny_model();
      runner(net, {term}, quiet(stop, folder)).run(own_samples(net, reference));
      got = parameters_of(net);
    }
    if (want.empty()) want = got;
    EXPECT_EQ(got, want) << stops.size();
  }
}

TEST(TrainerRun, ARewardModelByBradleyTerry) {
  model net          = tiny_model(true);
  dataset const data = pairs(40), held_out = pairs(12);
  runner one(net, {{make_objective("bt_reward")}}, quiet(40));
  one.run(data);
  EXPECT_EQ(one.evaluate(held_out).accuracy, 1);
  EXPECT_GT(one.evaluate(held_out).margin, 1);
  auto const rewards = response_rewards(net, held_out);
  for (std::size_t e = 0; e < 12; ++e) EXPECT_GT(rewards[2 * e], rewards[2 * e + 1]);
}

TEST(TrainerRun, StopsOnALossThatIsNotFinite) {
  auto const folder = fresh_folder("stops");
  model net         = tiny_model();
  dataset data      = pairs(8);
  std::vector<double> reference(16, -4);
  data.set("reference_log_prob", reference);
  runner(net, {{make_objective("ipo")}}, quiet(2, folder)).run(data);
  auto const before      = parameters_of(net);
  std::string const last = read_whole(folder / "checkpoint-000000002.safetensors");

  reference[11] = std::numeric_limits<double>::infinity();  // of example 5
  data.set("reference_log_prob", reference);
  EXPECT_EQ(refusal([&] { runner(net, {{make_objective("ipo")}}, quiet(4, folder)).run(data); }),
            "train: step 3: objective ipo: the loss of example 5 is inf");
  EXPECT_EQ(parameters_of(net), before);
  EXPECT_EQ(read_whole(folder / "checkpoint-000000002.safetensors"), last);
  EXPECT_FALSE(fs::exists(folder / "checkpoint-000000003.safetensors"));

  // A hidden state that is not a number, of the examples that have the token.
  dataset some;
  some.add(tokens{1}, {tokens{2}});
  some.add(tokens{1}, {tokens{5, 2}});
  net.slices().token_embedding(5, 0) = std::numeric_limits<float>::quiet_NaN();
  auto settings                      = quiet(1);
  settings.batch                     = 2;
  EXPECT_TRUE(refusal([&] {
                runner(net, {{make_objective("nll")}}, settings).run(some);
              }).starts_with("train: step 1: example 1: "));
}

// Finite losses whose gradient overflows float: 1e41 / 8 times a slope of 1 / 2.
TEST(TrainerRun, StopsOnAGradientThatIsNotFinite) {
  model net         = tiny_model();
  auto const before = parameters_of(net);
  dataset data      = labelled(8);
  std::vector<double> weights(8, 1);
  weights[6] = 1e41;
  data.set("example_weight", weights);
  std::string const text = refusal([&] { runner(net, {{make_objective("nll")}}, quiet(1)).run(data); });
  EXPECT_TRUE(text.starts_with("train: step 1: example 6: objective nll: the gradient of transformer."))
      << text;
  EXPECT_EQ(parameters_of(net), before);
}

TEST(TrainerRun, RefusesWhatDoesNotBelongTogether) {
  auto const folder = fresh_folder("other");
  model net         = tiny_model();
  dataset data      = labelled(8);
  runner(net, {{make_objective("nll")}}, quiet(1, folder)).run(data);
  auto const with = [&](model& other, char const* objective, dataset const& on) {
    return refusal([&] { runner(other, {{make_objective(objective)}}, quiet(2, folder)).run(on); });
  };
  EXPECT_EQ(with(net, "nll_sum", data),
            "checkpoint: it is of another run, whose objectives are nll, expected nll_sum");
  EXPECT_TRUE(with(net, "nll", labelled(9)).starts_with("checkpoint: it is of another run, whose data are "));
  model larger({.threads = 1}, gpt(2, 2, 16, vocab, 8));
  EXPECT_EQ(with(larger, "nll", data), "checkpoint: it is of another model, whose layers is 1, expected 2");
  EXPECT_EQ(refusal([&] { runner(net, {}, quiet(1)); }),
            "train: the number of objectives is 0, expected at least 1");
  EXPECT_EQ(refusal([&] { runner(net, {{make_objective("bt_reward")}}, quiet(1)); }),
            "train: the model has no scalar head");
  model two({.threads = 1}, net.config(), 2);
  EXPECT_EQ(refusal([&] { runner(two, {{make_objective("nll")}}, quiet(1)); }),
            "response_pass: the model is 2 networks side by side, expected 1");
  dataset long_one;
  long_one.add(tokens{1}, {tokens(20, 1)});
  EXPECT_EQ(refusal([&] { runner(net, {{make_objective("nll")}}, quiet(1)).run(long_one); }),
            "dataset: example 0, response 0: prompt and response have 21 tokens, expected at most 9");
}

TEST(TrainerRun, ScoresAreKeptInAFile) {
  auto const folder = fresh_folder("scores");
  fs::create_directories(folder);
  model net          = tiny_model();
  dataset const data = pairs(6);
  int computed       = 0;
  auto const scores  = [&](dataset const& of) {
    return cached_scores(folder / "reference.safetensors", of, message(fingerprint(net)), [&] {
      ++computed;
      return response_log_probs(net, of);
    });
  };
  auto const first = scores(data);
  EXPECT_EQ(static_cast<std::int64_t>(first.size()), data.response_tokens());
  for (double const one : first) EXPECT_NEAR(one, -std::log(9.0), 0.5);
  EXPECT_EQ(scores(data), first);
  EXPECT_EQ(computed, 1);
  net.parameters()[3] += 1;
  EXPECT_NE(scores(data), first);
  EXPECT_EQ(computed, 2);
  scores(pairs(7));
  EXPECT_EQ(computed, 3);
  write_whole(folder / "reference.safetensors", "no cache");
  EXPECT_THROW(scores(data), format_error);

  model* const models[]      = {&net, &net};
  dataset const* const two[] = {&data, &data};
  auto const aligned         = aligned_scores<eigen::backend, float>(models, two);
  auto const by_token        = response_log_probs(net, data);
  EXPECT_NEAR(aligned[0], (by_token[0] + by_token[1]) / 2, 1e-12);
}

TEST(TrainerRun, SamplesAsListsAndPairs) {
  model net = tiny_model();
  tokens const a{1}, b{2, 3};
  dataset::tokens const prompts[] = {a, b};
  auto samples =
      sample_responses(net, std::span<dataset::tokens const>(prompts), 3, {.new_tokens = 2, .seed = 4});
  EXPECT_EQ(samples.examples(), 6);
  EXPECT_EQ(samples.response_tokens(), 12);
  auto const again = response_log_probs(net, samples);
  for (std::size_t t = 0; t < 12; ++t) EXPECT_NEAR(samples.column("old_log_prob")[t], again[t], 1e-5);
  samples.set("reward", {1, 0, 2, 5, 5, 5});
  dataset const lists = as_lists(samples, 3);
  EXPECT_EQ(lists.examples(), 2);
  EXPECT_EQ(lists.responses_of(1), 3);
  EXPECT_EQ(lists.column("reward"), samples.column("reward"));
  dataset const chosen = as_pairs(samples, 3, 0.5);
  EXPECT_EQ(chosen.examples(), 3);
  EXPECT_EQ(chosen.column("reward"), (std::vector<double>{1, 0, 2, 1, 2, 0}));
  EXPECT_EQ(chosen.response_tokens(), 12);
}

}  // namespace
}  // namespace poft::trainer_run_test
