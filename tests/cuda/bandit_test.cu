// The bandit's policies on the device: two seeds side by side, fitted and run, and the oracle's run of each.
// SPDX-License-Identifier: MIT
#include "bandit/as_one_by_one.hpp"
#include "cuda/on_device.cuh"
#include "poft/bandit/token_policy.hpp"

namespace {

using namespace poft_test;

class cuda_bandit : public on_device {};

// In double: a draw that rounding moves to another action would make another run of it.
TEST_F(cuda_bandit, categorical) {
  expect_runs_of_one_by_one<poft::bandit::categorical_policy, double>(device(), short_run("ppo_row_kl", "R5"),
                                                                      1e-9);
}

TEST_F(cuda_bandit, categorical_against_the_data) {
  auto settings      = short_run("dpo", "R5");
  settings.reference = poft::bandit::reference_policy::data;
  expect_runs_of_one_by_one<poft::bandit::categorical_policy, double>(device(), settings, 1e-9);
}

TEST_F(cuda_bandit, continuous) {
  expect_runs_of_one_by_one<poft::bandit::tanh_cauchy_policy, double>(
      device(), short_run("best_of_n_worst", "R3"), 1e-9);
}

// Recorded, as the study has it: what gpt-nano launches takes longer to launch than to do.
TEST_F(cuda_bandit, tokens) {
  for (auto const* const learner : {"ppo_row_kl", "best_of_n"}) {
    expect_runs_of_one_by_one<poft::bandit::token_policy, double>(device().replaying(),
                                                                  short_token_run(learner), 1e-9);
  }
}

}  // namespace
