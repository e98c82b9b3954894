// Whole runs: what a seed fixes, what a budget means, and that learning learns.
// SPDX-License-Identifier: MIT
#include "poft/bandit/experiment.hpp"

#include <gtest/gtest.h>

#include "bandit/as_one_by_one.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/bandit/token_policy.hpp"
#include "preference/expect_error.hpp"

namespace {

using namespace poft::bandit;
using backend = poft::eigen::backend;

experiment_settings small_run(char const* name, char const* reward = "R5") {
  experiment_settings settings;
  settings.method        = learner(name);
  settings.reward        = parse_reward(reward);
  settings.learning_rate = 3e-3;
  settings.queries       = 2000;
  settings.measurements  = 4;
  return settings;
}
std::vector<measurement> history_of(experiment_settings const& settings, std::uint64_t seed = 1,
                                    int threads = 1) {
  return run_experiment(backend{.threads = threads}, settings, seed);
}

TEST(experiment, budget) {
  experiment_settings online = small_run("ipo"), offline = online;
  offline.batch = 0;
  EXPECT_EQ(online.collections(), 20);
  EXPECT_EQ(online.steps_per_collection(), 5);
  EXPECT_EQ(offline.collections(), 1);
  EXPECT_EQ(offline.steps_per_collection(), 100);
  auto const of_online = history_of(online), of_offline = history_of(offline);
  ASSERT_EQ(of_online.size(), 5u);
  for (std::size_t k = 0; k < 5; ++k) {
    EXPECT_EQ(of_online[k].step, 25.0 * k);
    EXPECT_EQ(of_online[k].queries, 500.0 * k);
    EXPECT_EQ(of_offline[k].step, 25.0 * k);
    EXPECT_EQ(of_offline[k].queries, k ? 2000 : 0);
  }
}

TEST(experiment, the_fitted_policy_is_near_the_data_and_is_the_reference) {
  measurement const start = history_of(small_run("ipo")).front();
  EXPECT_EQ(start.kl_policy_reference, 0);
  EXPECT_EQ(start.kl_reference_policy, 0);
  double reward = 0;  // under pi_data itself
  auto const p  = squashed_cauchy();
  for (int a = 0; a < 100; ++a) reward += p[a] * parse_reward("R5")(a);
  EXPECT_NEAR(start.reward, reward, 0.05);

  experiment_settings data  = small_run("ipo");
  data.reference            = reference_policy::data;
  measurement const of_data = history_of(data).front();
  EXPECT_GT(of_data.kl_policy_reference, 0);
  EXPECT_LT(of_data.kl_policy_reference, 0.3);
}

TEST(experiment, equal_seeds_give_equal_runs_with_any_threads) {
  for (char const* name : {"ipo", "ppo"}) {
    experiment_settings settings = small_run(name);
    settings.queries             = 400;
    auto const one = history_of(settings), again = history_of(settings), three = history_of(settings, 1, 3);
    auto const other = history_of(settings, 2);
    for (std::size_t k = 0; k < one.size(); ++k) {
      EXPECT_EQ(one[k].reward, again[k].reward);
      EXPECT_EQ(one[k].reward, three[k].reward);
      EXPECT_EQ(one[k].kl_policy_reference, three[k].kl_policy_reference);
      EXPECT_NE(one[k].reward, other[k].reward);
    }
  }
}

template <template <class, class> class Policy>
void expect_equal_side_by_side(experiment_settings settings) {
  settings.queries = 400;
  std::vector<std::uint64_t> const seeds{5, 2, 9};
  auto const together = run_experiments<Policy, float>(backend{.threads = 1}, settings, seeds);
  for (std::size_t n = 0; n < seeds.size(); ++n) {
    auto const alone =
        experiment<Policy, backend, float>(backend{.threads = 1}, settings, seeds[n]).history();
    poft_test::expect_equal_histories(together[n], alone);
  }
}
TEST(experiment, seeds_side_by_side_have_the_bits_of_each_alone) {
  expect_equal_side_by_side<categorical_policy>(small_run("reinforce_row_kl"));
  experiment_settings data = small_run("best_of_n");
  data.reference           = reference_policy::data;
  expect_equal_side_by_side<categorical_policy>(data);
  expect_equal_side_by_side<tanh_gaussian_policy>(small_run("dpo", "R3"));
  data.min_difference = 0.01;  // one after the other
  expect_equal_side_by_side<categorical_policy>(data);
  expect_error<poft::value_error>(
      [&] {
        experiment<categorical_policy, backend, float>({}, data, std::vector<std::uint64_t>{1, 2});
      },
      {"min_difference is 0.01 with 2 seeds side by side, expected 0"});
}

TEST(experiment, a_fitted_policy_can_be_handed_in) {
  auto const settings = small_run("dpo");
  auto policy =
      make_policy<categorical_policy<backend, float>>(backend{.threads = 1}, settings.data.size(), 1);
  fit_to_data(backend{.threads = 1}, policy, settings.data, 1);
  std::vector<float> const fitted(policy.parameters().begin(), policy.parameters().end());
  experiment<categorical_policy, backend, float> given(backend{.threads = 1}, settings, 1, fitted);
  EXPECT_EQ(given.history().back().reward, history_of(settings).back().reward);
}

TEST(experiment, every_learner_learns_where_the_peak_is_likely) {
  for (learner_description const& one : learners) {
    auto const history = history_of(small_run(one.name));
    EXPECT_GT(history.back().reward, history.front().reward + 0.2) << one.name;
    EXPECT_GT(history.back().kl_policy_reference, 0.1) << one.name;
    EXPECT_LT(history.back().entropy, history.front().entropy) << one.name;
  }
}

TEST(experiment, a_pair_filter_drops_the_same_prompts_for_every_learner) {
  std::vector<std::int64_t> skipped;
  for (char const* name : {"ipo", "best_of_n", "rwr", "reinforce"}) {
    experiment_settings settings = small_run(name, "R4");
    settings.batch               = 0;
    settings.min_difference      = 0.2;
    experiment<categorical_policy, backend, float> run(backend{.threads = 1}, settings, 1);
    run.history();
    skipped.push_back(run.skipped_prompts());
  }
  EXPECT_GT(skipped[0], 0);  // the peak is unlikely: many prompts have ten samples without reward
  EXPECT_LT(skipped[0], 200);
  for (std::int64_t const other : skipped) EXPECT_EQ(other, skipped[0]);

  experiment_settings none = small_run("ipo", "R4");  // rewards never differ by more than 1
  none.min_difference      = 1.5;
  auto const history       = history_of(none);
  EXPECT_EQ(history.back().reward, history.front().reward);
}

template <template <class, class> class Policy>
void expect_continuous_policy_learns() {
  experiment_settings settings = small_run("best_of_n", "R3");  // peak at -0.7, where the data are
  settings.held_out            = 50;
  auto const history = experiment<Policy, backend, float>(backend{.threads = 1}, settings, 1).history();
  EXPECT_GT(history.back().reward, history.front().reward + 0.1);
  EXPECT_NEAR(history.front().kl_policy_reference, 0, 1e-6);
  EXPECT_TRUE(std::isfinite(history.back().kl_policy_reference));
}
TEST(experiment, continuous_policies) {
  expect_continuous_policy_learns<gaussian_policy>();
  expect_continuous_policy_learns<cauchy_policy>();
  expect_continuous_policy_learns<tanh_gaussian_policy>();
  expect_continuous_policy_learns<tanh_cauchy_policy>();
}

experiment_settings token_run(char const* name, char const* reward = "R7") {
  experiment_settings settings = small_run(name, reward);
  settings.queries             = 600;
  settings.measurements        = 3;
  settings.held_out            = 20;
  settings.pair_prompts        = 5;
  settings.passes              = 4;
  return settings;
}
std::vector<measurement> token_history_of(experiment_settings const& settings, std::uint64_t seed = 1,
                                          int threads = 1) {
  return experiment<token_policy, backend, float>(backend{.threads = threads}, settings, seed).history();
}

// Before learning, pi is pi_ref, and each of the ten tokens is near pi_data: so are reward and entropy.
TEST(experiment, sequences_start_at_the_data) {
  auto const start = token_history_of(token_run("best_of_n")).front();
  auto const p     = squashed_cauchy();
  double reward = 0, entropy = 0;
  for (int a = 0; a < 100; ++a) reward += p[a] * parse_reward("R7")(a), entropy -= p[a] * std::log(p[a]);
  EXPECT_NEAR(start.reward, reward, 0.05);
  EXPECT_NEAR(start.entropy, 10 * entropy, 2);
  EXPECT_NEAR(start.kl_policy_reference, 0, 1e-6);
  EXPECT_NEAR(start.kl_reference_policy, 0, 1e-6);
}

TEST(experiment, every_learner_learns_sequences_where_the_peak_is_likely) {
  for (learner_description const& one : learners) {
    auto const history = token_history_of(token_run(one.name));
    EXPECT_GT(history.back().reward, history.front().reward + 0.05) << one.name;
    EXPECT_GT(history.back().kl_policy_reference, 0.1) << one.name;
    EXPECT_EQ(history.back().queries, 600) << one.name;
  }
}

TEST(experiment, sequences_with_any_threads) {
  for (char const* name : {"ipo", "ppo_row_kl"}) {
    auto settings    = token_run(name);
    settings.queries = 200;
    auto const one = token_history_of(settings), three = token_history_of(settings, 1, 3),
               other = token_history_of(settings, 2);
    for (std::size_t k = 0; k < one.size(); ++k) {
      EXPECT_EQ(one[k].reward, three[k].reward);
      EXPECT_EQ(one[k].kl_policy_reference, three[k].kl_policy_reference);
      EXPECT_EQ(one[k].kl_reference_policy, three[k].kl_reference_policy);
      EXPECT_NE(one[k].reward, other[k].reward);
    }
  }
}

// A strong KL term holds the policy nearer to pi_ref, in each of its forms.
TEST(experiment, kl_terms_hold_the_policy_near_the_reference) {
  for (char const* name : {"reinforce", "reinforce_kl_reward", "reinforce_row_kl"}) {
    auto const kl_at_the_end = [&](double coefficient) {
      auto settings    = token_run(name);
      settings.method  = learner(name, coefficient);
      settings.queries = 1000;
      settings.passes  = 1;
      return token_history_of(settings).back().kl_policy_reference;
    };
    EXPECT_LT(kl_at_the_end(1), 0.5 * kl_at_the_end(1e-6)) << name;
  }
}

TEST(experiment, bad_settings) {
  auto const expect = [](auto change, std::initializer_list<char const*> parts) {
    experiment_settings settings = small_run("ipo");
    change(settings);
    expect_error<poft::error>([&] { history_of(settings); }, parts);
  };
  expect([](auto& s) { s.samples = 1; }, {"samples is 1", "expected at least 2"});
  expect([](auto& s) { s.passes = 0; }, {"passes is 0"});
  expect([](auto& s) { s.queries = 99; }, {"queries is 99", "at least 100"});
  expect([](auto& s) { s.data = {0.5, 0.6}; }, {"sum to 1.1"});
  expect([](auto& s) { s.min_difference = -1; }, {"min_difference is -1"});
  expect([](auto& s) { s.learning_rate = -1; }, {"learning rate is -1"});
  expect([](auto& s) { s.method = learner("dpo", 0); }, {"dpo: beta is 0"});
  experiment_settings data = small_run("ipo", "R3");
  data.reference           = reference_policy::data;
  expect_error<poft::value_error>(
      [&] { experiment<tanh_gaussian_policy, backend, float>(backend{1}, data, 1); },
      {"only categorical policies"});
  expect_error<poft::value_error>([&] { experiment<token_policy, backend, float>(backend{1}, data, 1); },
                                  {"only categorical policies"});
  experiment_settings exact = small_run("ppo_row_kl", "R3");
  expect_error<poft::value_error>(
      [&] { experiment<tanh_gaussian_policy, backend, float>(backend{1}, exact, 1); },
      {"ppo_row_kl takes the exact KL", "finitely many actions"});
}

}  // namespace
