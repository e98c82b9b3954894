// Runs at tiny scale: preferences and reward models, measurements, and that every learner raises its reward.
// SPDX-License-Identifier: MIT
#include "length_study/runner.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "length_study/preferences.hpp"
#include "length_study/tiny.hpp"
#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace {

double mean_of(std::vector<double> const& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

using namespace length_study;

TEST(preferences, gold_reward_by_hand) {
  EXPECT_EQ(gold_reward(1, target_length(preference::min, 9)), 1);
  EXPECT_EQ(gold_reward(9, target_length(preference::mode, 9)), 1);
  EXPECT_NEAR(gold_reward(6, target_length(preference::skew, 9)), std::exp(-1.0), 1e-15);
  EXPECT_NEAR(gold_reward(14, 9), gold_reward(4, 9), 1e-15);
}

/// One world for all tests of this file.
struct small_world {
  support::scratch_folder at{"length_runner"};
  world in{tiny_scale(), draw_corpus(2000, shared_seed), at.path};
};
small_world& shared() {
  static small_world one;
  return one;
}

TEST(preferences, skewed_samples_are_longer) {
  auto const& in     = shared().in;
  auto const prompts = cycled(in.prompts.training, 100);
  auto const mean    = [&](preference over) {
    auto const lengths = lengths_of(draw_responses(*in.reference, prompts, 4, over, in.target(over), 1));
    EXPECT_EQ(lengths.size(), 400u);
    return mean_of(lengths);
  };
  EXPECT_GT(mean(preference::skew), mean(preference::min) + 2);
}

TEST(preferences, pairs_prefer_what_the_gold_reward_does) {
  auto const& in = shared().in;
  auto const pairs =
      gold_pairs(draw_responses(*in.reference, cycled(in.prompts.training, 60), 2, preference::min, 1, 1));
  EXPECT_GT(pairs.examples(), 40);
  for (std::int64_t e = 0; e < pairs.examples(); ++e)
    EXPECT_LT(pairs.response(2 * e).size(), pairs.response(2 * e + 1).size());
}

TEST(preferences, a_reward_model_learns_and_is_scaled) {
  auto& [at, in]   = shared();
  auto const given = make_task(preference::min, 1, in, at.path);
  proxy judge      = given.judge.clone();
  auto const usual =
      draw_responses(*in.reference, cycled(in.prompts.held_out, 200), 1, preference::min, 1, 9);
  auto const rewards = judge(usual);
  EXPECT_GT(given.judge.accuracy, 0.6);
  EXPECT_NEAR(mean_of(rewards), 0, 0.3);
  EXPECT_EQ(given.offline.examples(), in.of.queries);
  EXPECT_EQ(given.watched.examples(), in.of.pairs);
  // From its checkpoint: the same.
  EXPECT_EQ(make_task(preference::min, 1, in, at.path).judge(usual), rewards);
}

TEST(preferences, a_reward_model_worse_than_chance_stops_the_study) {
  require_better_than_chance(0.51, preference::min, 1);
  support::expect_error<poft::value_error>([] { require_better_than_chance(0.5, preference::skew, 3); },
                                           {"skew", "seed 3", "0.5", "chance", "stops"});
  // One that learns nothing prefers as its first weights happen to, or the other way round with the opposite ones.
  auto& [at, in]      = shared();
  auto const start    = clone(*in.reference);
  reward_training how = in.of.judge;
  how.steps = 1, how.learning_rate = 0;
  auto const said = [&](fs::path const& folder) -> std::string {
    try {
      train_proxy(*start, shared().in.prompts.training, preference::min, 1, how, 1, folder);
    } catch (poft::value_error const& problem) {
      return problem.what();
    }
    return {};
  };
  std::string text = said(at / "as_it_is");
  if (text.empty()) {
    for (float& weight : start->slices().scalar_head.weight.row(0)) weight = -weight;
    text = said(at / "opposite");
  }
  for (char const* part : {"reward model of min", "seed 1", "chance"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in: " << text;
}

TEST(runner, the_start_is_pi_ref) {
  auto& [at, in]   = shared();
  auto given       = make_task(preference::mode, 1, in, at.path);
  auto const other = clone(*in.reference);
  auto const start =
      measure(*in.reference, *other, given.judge, given.watched, in.target(preference::mode), in, 200, 1);
  EXPECT_NEAR(start.kl, 0, 1e-3);
  EXPECT_NEAR(start.chosen_log_ratio, 0, 1e-3);
  double sum = 0;
  measurement::histogram::for_each_index([&]<int K>() { sum += measurement::histogram::get<K>(start); });
  EXPECT_NEAR(sum, 1, 1e-9);
  EXPECT_GT(start.length, 3);
}

TEST(runner, every_learner_raises_what_its_reward_model_says) {
  auto& [at, in]   = shared();
  auto const given = make_task(preference::min, 1, in, at.path);
  for (arm one : grid(in.of, false)) {
    bool const common = one.id.ends_with(".on_policy") || one.id.ends_with(".offline");
    if (one.over != preference::min || !common) continue;
    auto const& values = kind_of(one.by).grid;
    one.parameter      = values[values.size() / 2];
    auto const history = train(one, 1, in, given);
    ASSERT_EQ(history.size(), 3u) << one.id;
    EXPECT_EQ(history.back().step, one.by == learner::reinforce ? 8 : 16) << one.id;
    EXPECT_EQ(history.back().queries, 256) << one.id;
    EXPECT_EQ(history[1].queries, one.offline ? 256 : 128) << one.id;
    EXPECT_EQ(history.back().skipped, 0) << one.id;
    EXPECT_GT(history.back().proxy, history.front().proxy) << one.id;
    EXPECT_GT(history.back().kl, 0) << one.id;
  }
}

TEST(runner, a_collection_of_equal_rewards_is_skipped_and_counted) {
  auto& [at, in] = shared();
  auto given     = make_task(preference::min, 1, in, at.path);
  given.offline.set("reward", std::vector<double>(static_cast<std::size_t>(in.of.queries), 1.0));
  arm one;
  for (arm const& known : grid(in.of, false)) {
    if (known.id == "dpo.min.offline") one = known;
  }
  one.parameter      = 0.1;
  auto const history = train(one, 1, in, given);
  EXPECT_EQ(history.back().skipped, 16);
  EXPECT_NEAR(history.back().kl, 0, 1e-3);  // nothing was learned
}

// Gold 0.2, 0.6, 0.5 while the proxy rises: its best is the last, which costs 0.1.
TEST(runner, summary_of_a_run) {
  std::vector<measurement> const history{
      {.step = 0, .gold = 0.2, .proxy = 0},
      {.step = 4, .queries = 64, .gold = 0.6, .proxy = 1, .kl = 2},
      {.step = 8, .queries = 128, .gold = 0.5, .proxy = 2, .kl = 4, .length = 5}};
  run_summary const of = summarise(history, 4);
  EXPECT_EQ(of.final, 0.5);
  EXPECT_EQ(of.best, 0.6);
  EXPECT_NEAR(of.area, (0.4 + 0.55) / 2, 1e-15);
  EXPECT_NEAR(of.reward_at_kl_1, 0.4, 1e-15);
  EXPECT_NEAR(of.overoptimised, 0.1, 1e-15);
  EXPECT_EQ(of.equal_steps, 0.6);
  EXPECT_EQ(of.final_proxy, 2);
  EXPECT_TRUE(std::isnan(summarise(history, 3).equal_steps));
}

}  // namespace
