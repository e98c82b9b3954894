// Whole runs on a backend whose memory the host cannot look into: the bits of the same arithmetic in the host's own.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "backend/guarded.hpp"
#include "bandit/as_one_by_one.hpp"

namespace {

using namespace poft_test;
using backend = guarded<poft::one_by_one>;

TEST(BanditInMemoryOfItsOwn, Categorical) {
  expect_runs_of_one_by_one<poft::bandit::categorical_policy, float>(backend{}, short_run("dpo", "R5"));
  auto settings      = short_run("ppo_row_kl", "R5");
  settings.reference = poft::bandit::reference_policy::data;
  expect_runs_of_one_by_one<poft::bandit::categorical_policy, float>(backend{}, settings);
}

TEST(BanditInMemoryOfItsOwn, Continuous) {
  expect_runs_of_one_by_one<poft::bandit::tanh_cauchy_policy, float>(backend{},
                                                                     short_run("best_of_n_worst", "R3"));
}

}  // namespace
