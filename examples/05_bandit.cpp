// A bandit experiment in a few lines: IPO with the same number of rewards and gradient steps, offline and on-policy.
// SPDX-License-Identifier: MIT
#include <cstdio>

#include "poft/backend/eigen/backend.hpp"
#include "poft/bandit/experiment.hpp"

int main() {
  using namespace poft;

  bandit::experiment_settings settings;
  settings.method        = bandit::learner("ipo");
  settings.reward        = {.peak = 20, .width = 10};  // of 100 actions
  settings.learning_rate = 1e-3;
  settings.queries       = 2000;  // rewards in all
  settings.measurements  = 2;

  for (int const batch : {0, 10}) {
    settings.batch = batch;
    std::printf(batch == 0 ? "offline: one collection\n" : "on-policy: %d prompts per collection\n", batch);
    std::printf("  steps  rewards  reward   KL\n");
    for (auto const& now : bandit::run_experiment(eigen::backend{.threads = 1}, settings, /*seed*/ 1)) {
      std::printf("  %5.0f  %7.0f  %6.2f  %3.1f\n", now.step, now.queries, now.reward,
                  now.kl_policy_reference);
    }
  }
}

// Output:
// offline: one collection
//   steps  rewards  reward   KL
//       0        0    0.38  0.0
//      50     2000    0.90  1.2
//     100     2000    0.97  1.7
// on-policy: 10 prompts per collection
//   steps  rewards  reward   KL
//       0        0    0.38  0.0
//      50     1000    1.00  3.6
//     100     2000    1.00  3.7
