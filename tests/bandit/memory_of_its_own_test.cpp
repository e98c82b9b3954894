// Whole runs on a backend whose memory the host cannot look into: the bits of the same arithmetic in the host's own.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "backend/guarded.hpp"
#include "bandit/as_one_by_one.hpp"
#include "poft/bandit/token_policy.hpp"

namespace {

using namespace poft_test;
using guarded_host = guarded<poft::one_by_one>;

TEST(BanditInMemoryOfItsOwn, Categorical) {
  expect_runs_of_one_by_one<poft::bandit::categorical_policy, float>(guarded_host{}, short_run("dpo", "R5"));
  auto settings      = short_run("ppo_row_kl", "R5");
  settings.reference = poft::bandit::reference_policy::data;
  expect_runs_of_one_by_one<poft::bandit::categorical_policy, float>(guarded_host{}, settings);
}

TEST(BanditInMemoryOfItsOwn, Continuous) {
  expect_runs_of_one_by_one<poft::bandit::tanh_cauchy_policy, float>(guarded_host{},
                                                                     short_run("best_of_n_worst", "R3"));
}

// Alone, the oracle's batch goes through in pieces, whose gradients are added in another order.
TEST(BanditInMemoryOfItsOwn, Tokens) {
  expect_runs_of_one_by_one<poft::bandit::token_policy, double>(guarded_host{}, short_token_run("ppo_row_kl"),
                                                                1e-9);
  expect_runs_of_one_by_one<poft::bandit::token_policy, double>(guarded_host{}, short_token_run("best_of_n"),
                                                                1e-9);
}

}  // namespace
