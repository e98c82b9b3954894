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
