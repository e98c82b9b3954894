// What each learner asks of the log-probs of two prompts with three samples.
// SPDX-License-Identifier: MIT
#include "poft/bandit/learner.hpp"

#include <gtest/gtest.h>

#include "poft/backend/eigen/backend.hpp"
#include "preference/expect_error.hpp"

namespace {

using namespace poft::bandit;

struct worked_example {
  std::vector<double> rewards{0.1, 0.9, 0.5, 0.4, 0.2, 0.8};
  std::vector<double> log_probs{-1, -2, -3, -1.5, -2.5, -0.5};
  std::vector<double> reference = log_probs;
  std::vector<double> d         = std::vector<double>(6);
  double loss                   = 0;

  explicit worked_example(char const* name, double parameter = std::nan(""), double min_difference = 0) {
    learner_batch<double> const batch{3, min_difference, rewards, log_probs, reference, reference};
    loss = learner(name, parameter)
               .loss_and_gradient(poft::eigen::backend{.threads = 1}, batch, std::span<double>(d));
  }
  void expect(double expected_loss, std::vector<double> const& expected) const {
    EXPECT_NEAR(loss, expected_loss, 1e-12);
    for (std::size_t i = 0; i < d.size(); ++i) EXPECT_NEAR(d[i], expected[i], 1e-12) << i;
  }
};

// Best: samples 1 and 5 (0.9, 0.8), so L = (2 + 0.5) / 2.
TEST(learner, best_of_n) { worked_example("best_of_n").expect(1.25, {0, -0.5, 0, 0, 0, -0.5}); }

// Worst: samples 0 and 4, + 0.3 (-1 - 2.5) / 2.
TEST(learner, best_of_n_worst) {
  worked_example("best_of_n_worst", 0.3).expect(1.25 - 0.525, {0.15, -0.5, 0, 0, 0.15, -0.5});
}

// The two others of each prompt: + 0.4 / 2 ((-1 - 3) + (-1.5 - 2.5)) / 2.
TEST(learner, best_of_n_average) {
  worked_example("best_of_n_average", 0.4).expect(1.25 - 0.8, {0.1, -0.5, 0.1, 0.1, 0.1, -0.5});
}
TEST(learner, best_of_n_sum) {
  worked_example("best_of_n_sum", 0.4).expect(1.25 - 1.6, {0.2, -0.5, 0.2, 0.2, 0.2, -0.5});
}

// Wins in pairs: 0, 2, 1 and 1, 0, 2, over 6 pairs: (2 * 2 + 3 + 1.5 + 2 * 0.5) / 6.
TEST(learner, pref_ft) {
  worked_example("pref_ft").expect(9.5 / 6, {0, -2. / 6, -1. / 6, -1. / 6, 0, -2. / 6});
}

// Pairs closer than 0.3: 4-3 of the second prompt (0.2) goes, 5 pairs are left: wins 0, 2, 1 and 0, 0, 2.
TEST(learner, pref_ft_with_pair_filter) {
  worked_example("pref_ft", std::nan(""), 0.3).expect((4 + 3 + 1.0) / 5, {0, -0.4, -0.2, 0, 0, -0.4});
}

// Policy = reference: every margin is 0, so dL/dmargin is -beta / 2 for DPO and -2 target for IPO, over 6 pairs. A sample's
// share is (wins - losses): -2, 2, 0 and 0, -2, 2.
TEST(learner, dpo) { worked_example("dpo", 0.3).expect(std::log(2.0), {0.05, -0.05, 0, 0, 0.05, -0.05}); }
TEST(learner, ipo) { worked_example("ipo", 3).expect(9, {2, -2, 0, 0, 2, -2}); }

// Weights exp(R / 0.5) / sum, here over the batch and over each prompt.
TEST(learner, rwr) {
  double all = 0, first = 0, second = 0;
  worked_example const batch("rwr", 0.5), prompt("rwr_prompt", 0.5);
  std::vector<double> weight;
  for (double const reward : batch.rewards) weight.push_back(std::exp(reward / 0.5));
  for (int i = 0; i < 6; ++i) (i < 3 ? first : second) += weight[i], all += weight[i];
  double loss_batch = 0, loss_prompt = 0;
  std::vector<double> d_batch, d_prompt;
  for (int i = 0; i < 6; ++i) {
    d_batch.push_back(-weight[i] / all);
    d_prompt.push_back(-weight[i] / (i < 3 ? first : second) / 2);
    loss_batch += d_batch.back() * batch.log_probs[i];
    loss_prompt += d_prompt.back() * batch.log_probs[i];
  }
  batch.expect(loss_batch, d_batch);
  prompt.expect(loss_prompt, d_prompt);
}

// Rewards have mean 29/60 and population variance 1.91/6 - (29/60)^2; on policy, at the reference, PPO's ratio is 1 and its
// gradient REINFORCE's, -A / 6, and the KL term adds nothing.
TEST(learner, policy_gradients_agree_on_policy) {
  worked_example const reinforce("reinforce"), ppo("ppo");
  double const mean = 2.9 / 6, deviation = std::sqrt(1.91 / 6 - mean * mean);
  for (int i = 0; i < 6; ++i) {
    EXPECT_NEAR(reinforce.d[i], -(reinforce.rewards[i] - mean) / deviation / 6, 1e-9);
    EXPECT_NEAR(ppo.d[i], reinforce.d[i], 1e-12);
  }
}

// The KL that the reward pays: old - reference = 0.5 for sample 1 alone, so with coefficient 0.4 its reward is 0.9 - 0.2 and
// the rest is as without a KL.
TEST(learner, kl_off_the_reward) {
  worked_example base("reinforce");
  std::vector<double> paid = base.rewards, old = base.log_probs, d(6), expected(6);
  paid[1] -= 0.4 * 0.5;
  old[1] += 0.5;
  poft::eigen::backend const backend{.threads = 1};
  learner("reinforce_row_kl")
      .loss_and_gradient(backend, learner_batch<double>{3, 0, paid, base.log_probs, base.reference, old},
                         std::span<double>(expected));
  learner("reinforce_kl_reward", 0.4)
      .loss_and_gradient(backend,
                         learner_batch<double>{3, 0, base.rewards, base.log_probs, base.reference, old},
                         std::span<double>(d));
  for (int i = 0; i < 6; ++i) EXPECT_NEAR(d[i], expected[i], 1e-12);
  EXPECT_EQ(learner("ppo_kl_reward", 0.4).row_kl(), 0);
  EXPECT_EQ(learner("ppo_row_kl", 0.4).row_kl(), 0.4);
  EXPECT_EQ(learner("ppo", 0.4).row_kl(), 0);
}

/// The worked example's log-probs, each in two parts: 0.3 of it and the rest.
std::vector<double> in_two_parts(std::vector<double> const& numbers) {
  std::vector<double> out;
  for (double const number : numbers) out.insert(out.end(), {0.3 * number, 0.7 * number});
  return out;
}

// Sequences of two tokens: all but the policy gradients see the sums, and every token gets the sequence's derivative.
TEST(learner, elements_add_up) {
  for (char const* name : {"best_of_n", "best_of_n_worst", "rwr", "pref_ft", "dpo", "ipo"}) {
    worked_example const whole(name);
    auto const log_probs = in_two_parts(whole.log_probs);
    std::vector<double> d(12);
    double const loss = learner(name).loss_and_gradient(
        poft::eigen::backend{.threads = 1},
        learner_batch<double>{3, 0, whole.rewards, log_probs, log_probs, log_probs, 2}, std::span<double>(d));
    EXPECT_NEAR(loss, whole.loss, 1e-12) << name;
    for (std::size_t i = 0; i < 12; ++i) EXPECT_NEAR(d[i], whole.d[i / 2], 1e-12) << name;
  }
}

// PPO's clip is one per token. Sample 1 (advantage > 0): the first token's ratio is 1.5 > 1.2, so its derivative is 0; the
// second token's is 1.1, and d/dlog pi of -A rho is -1.1 A, over 12 tokens.
TEST(learner, ppo_clips_each_token) {
  worked_example const whole("ppo");
  auto const log_probs    = in_two_parts(whole.log_probs);
  std::vector<double> old = log_probs, d(12);
  old[2] -= std::log(1.5);
  old[3] -= std::log(1.1);
  learner("ppo_row_kl")
      .loss_and_gradient(poft::eigen::backend{.threads = 1},
                         learner_batch<double>{3, 0, whole.rewards, log_probs, log_probs, old, 2},
                         std::span<double>(d));
  double const mean = 2.9 / 6, deviation = std::sqrt(1.91 / 6 - mean * mean),
               advantage = (0.9 - mean) / deviation;
  EXPECT_EQ(d[2], 0);
  EXPECT_NEAR(d[3], -1.1 * advantage / 12, 1e-9);
  EXPECT_NEAR(d[0], d[1], 1e-12);
}

// Without the samples that a learner does not look at, it says the same.
TEST(learner, used_samples) {
  worked_example const all("best_of_n_worst", 0.3);
  auto const used = learner("best_of_n_worst").used_samples(std::span<double const>(all.rewards), 3);
  EXPECT_EQ(used, (std::vector<std::size_t>{1, 0, 5, 4}));
  EXPECT_EQ(learner("best_of_n").used_samples(std::span<double const>(all.rewards), 3),
            (std::vector<std::size_t>{1, 5}));
  EXPECT_EQ(learner("ipo").used_samples(std::span<double const>(all.rewards), 3).size(), 6u);
  std::vector<double> rewards, log_probs, d(4);
  for (std::size_t const at : used) {
    rewards.push_back(all.rewards[at]);
    log_probs.push_back(all.log_probs[at]);
  }
  double const loss =
      learner("best_of_n_worst", 0.3)
          .loss_and_gradient(poft::eigen::backend{.threads = 1},
                             learner_batch<double>{2, 0, rewards, log_probs, log_probs, log_probs},
                             std::span<double>(d));
  EXPECT_NEAR(loss, all.loss, 1e-12);
  for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR(d[k], all.d[used[k]], 1e-12);
}

TEST(learner, names_and_parameters) {
  for (learner_description const& one : learners) {
    EXPECT_EQ(learner(one.name).kind(), one.kind);
    EXPECT_EQ(learner(one.name).parameter(), one.grid[0]);
    learner(one.name).check();
  }
  expect_error<poft::value_error>([] { learner("ppo2"); },
                                  {"\"ppo2\"", "expected one of", " ipo", " rwr_prompt"});
  expect_error<poft::value_error>([] { learner("dpo", -1).check(); }, {"dpo: beta is -1", "expected > 0"});
}

}  // namespace
