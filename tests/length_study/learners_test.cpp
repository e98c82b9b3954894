// Learners: what they make of samples, by hand, and that each raises its reward.
// SPDX-License-Identifier: MIT
#include "length_study/learners.hpp"

#include <gtest/gtest.h>

#include "poft/train/on_policy.hpp"
#include "poft/train/score.hpp"

#include "length_study/models.hpp"

namespace {

using namespace length_study;

std::unique_ptr<network> any_network(std::uint64_t seed) {
  auto out = std::make_unique<network>(backend{.threads = 1}, config_of());
  poft::initialise(*out, seed);
  return out;
}

/// Two prompts with four responses each, the rewards given.
poft::dataset samples_of(network const& policy, std::vector<double> const& rewards) {
  std::vector<tokens> const prompts{{2, 3, 1}, {4, 1}};
  auto const views = views_of(prompts);
  auto samples =
      poft::sample_responses(policy, std::span<poft::dataset::tokens const>(views), 4, sampling_options(1));
  samples.set("reward", rewards);
  return samples;
}
std::vector<double> const rewards{0, 3, 1, 1, 2, -1, 2, 0};

TEST(learners, best_of_n_keeps_the_first_best_of_every_prompt) {
  auto const policy  = any_network(1);
  auto const samples = samples_of(*policy, rewards);
  std::vector<double> state;
  auto const best = prepare(learner::best_of_n, 0, samples, 4, {policy.get(), policy.get()}, state);
  ASSERT_EQ(best.examples(), 2);
  EXPECT_EQ(best.column("reward"), (std::vector<double>{3, 2}));
  EXPECT_TRUE(std::ranges::equal(best.response(0), samples.response(1)));
  EXPECT_TRUE(std::ranges::equal(best.response(1), samples.response(4)));
  EXPECT_EQ(examples_of(learner::best_of_n, 32, 4), 8);
}

TEST(learners, rwr_weights_have_mean_one) {
  auto const policy = any_network(1);
  std::vector<double> state;
  auto const weighted =
      prepare(learner::rwr, 0.5, samples_of(*policy, rewards), 4, {policy.get(), policy.get()}, state);
  double sum = 0, normaliser = 0;
  for (double const one : weighted.column("weight")) sum += one;
  EXPECT_NEAR(sum, 8, 1e-12);
  for (double const one : rewards) normaliser += std::exp(one / 0.5) / 8;
  EXPECT_NEAR(weighted.column("weight")[1], std::exp(3 / 0.5) / normaliser, 1e-9);
}

TEST(learners, pairs_are_ordered_by_reward_and_ties_are_none) {
  auto const policy = any_network(1), reference = any_network(2);
  auto const samples = samples_of(*policy, rewards);
  auto const pairs   = pairs_of(samples, 4, *reference);
  ASSERT_EQ(pairs.examples(), 10);  // 6 each, but 1 = 1 and 2 = 2
  for (std::int64_t e = 0; e < pairs.examples(); ++e)
    EXPECT_GT(pairs.column("reward")[static_cast<std::size_t>(2 * e)],
              pairs.column("reward")[static_cast<std::size_t>(2 * e + 1)]);
  auto const of_tokens = poft::response_log_probs(*reference, pairs);
  for (std::int64_t r = 0; r < pairs.responses(); ++r)
    EXPECT_NEAR(pairs.column("reference_log_prob")[static_cast<std::size_t>(r)],
                pairs.value(of_tokens, r / 2, r), 1e-4);
  EXPECT_EQ(pairs_of(samples_of(*policy, std::vector<double>(8, 1.0)), 4, *reference).examples(), 0);
}

// A = reward - beta log pi / pi_ref, minus the mean of those of earlier collections.
TEST(learners, reinforce_pays_for_divergence_and_remembers_its_baseline) {
  auto const policy = any_network(1), reference = any_network(2);
  auto const samples = samples_of(*policy, rewards);
  std::vector<double> state;
  auto const first     = prepare(learner::reinforce, 0.1, samples, 4, {policy.get(), reference.get()}, state),
             second    = prepare(learner::reinforce, 0.1, samples, 4, {policy.get(), reference.get()}, state);
  auto const of_tokens = poft::response_log_probs(*reference, samples);
  double mean          = 0;
  for (std::int64_t r = 0; r < 8; ++r) {
    double const ratio = samples.value("old_log_prob", r, r) - samples.value(of_tokens, r, r),
                 paid  = rewards[static_cast<std::size_t>(r)] - 0.1 * ratio;
    EXPECT_NEAR(first.column("advantage")[static_cast<std::size_t>(r)], paid, 1e-9);
    mean += paid / 8;
  }
  EXPECT_EQ(state[0], 16);
  for (std::size_t r = 0; r < 8; ++r)
    EXPECT_NEAR(second.column("advantage")[r], first.column("advantage")[r] - mean, 1e-9);
}

// Of PPO, the returns: advantage before whitening + value. With lambda 0.95 and gamma 1 the last token's return is its reward.
TEST(learners, ppo_has_a_target_for_every_token) {
  auto const policy = any_network(1), reference = any_network(2);
  auto const samples = samples_of(*policy, rewards);
  std::vector<double> state;
  auto const free   = prepare(learner::ppo, 0, samples, 4, {policy.get(), policy.get()}, state),
             priced = prepare(learner::ppo, 0.1, samples, 4, {policy.get(), reference.get()}, state);
  ASSERT_TRUE(free.is_per_token("advantage"));
  double mean = 0, squares = 0;
  auto const n = static_cast<double>(free.response_tokens());
  for (double const one : free.column("advantage")) mean += one / n, squares += one * one / (n - 1);
  EXPECT_NEAR(mean, 0, 1e-9);
  EXPECT_NEAR(squares, 1, 1e-4);
  auto const of_tokens = poft::response_log_probs(*reference, samples);
  for (std::int64_t r = 0; r < 8; ++r) {
    auto const last = static_cast<std::size_t>(free.token_offset(r + 1) - 1);
    EXPECT_NEAR(free.column("target")[last], rewards[static_cast<std::size_t>(r)], 1e-9);
    double const ratio = samples.column("old_log_prob")[last] - of_tokens[last];
    EXPECT_NEAR(priced.column("target")[last], rewards[static_cast<std::size_t>(r)] - 0.1 * ratio, 1e-9);
  }
}

}  // namespace
