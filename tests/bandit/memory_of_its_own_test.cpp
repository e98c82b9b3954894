// Whole runs on a backend whose memory the host cannot look into: the bits of the same arithmetic in the host's own.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <vector>

#include "backend/guarded.hpp"
#include "poft/backend/one_by_one.hpp"
#include "poft/bandit/experiment.hpp"

namespace {

using namespace poft::bandit;
using host  = poft::one_by_one;
using apart = poft_test::guarded<host>;

/// One collection of four prompts, ten steps, on few held-out contexts.
experiment_settings short_run(char const* name, char const* reward) {
  experiment_settings settings;
  settings.method        = learner(name);
  settings.reward        = parse_reward(reward);
  settings.learning_rate = 1e-3;
  settings.pool = settings.batch = 4;
  settings.samples               = 3;
  settings.queries               = 12;
  settings.minibatch             = 2;
  settings.measurements          = 2;
  settings.held_out              = 3;
  return settings;
}

template <template <class, class> class Policy>
void expect_equal_runs(experiment_settings const& settings) {
  auto const want = experiment<Policy, host, float>(host{}, settings, 3).history(),
             got  = experiment<Policy, apart, float>(apart{}, settings, 3).history();
  ASSERT_EQ(got.size(), want.size());
  EXPECT_NE(want.back().reward, want.front().reward);
  for (std::size_t k = 0; k < want.size(); ++k) {
    measurement::columns::for_each_index([&]<int K>() {
      double const expected = measurement::columns::get<K>(want[k]),
                   found    = measurement::columns::get<K>(got[k]);
      EXPECT_TRUE(found == expected || (found != found && expected != expected))
          << settings.method.name() << ", measurement " << k << ", " << measurement::columns::at<K>::name
          << ": " << found << ", not " << expected;
    });
  }
}

TEST(BanditInMemoryOfItsOwn, Categorical) {
  expect_equal_runs<categorical_policy>(short_run("dpo", "R5"));
  auto settings      = short_run("ppo_row_kl", "R5");
  settings.reference = reference_policy::data;
  expect_equal_runs<categorical_policy>(settings);
}

TEST(BanditInMemoryOfItsOwn, Continuous) {
  expect_equal_runs<tanh_cauchy_policy>(short_run("best_of_n_worst", "R3"));
}

}  // namespace
