// One gradient step of the bandit together with its evaluation on held-out contexts.
// SPDX-License-Identifier: MIT
//
// Offline runs, whose collection is made once and which are measured after every step: the expected reward, both
// divergences from the reference, the entropy, and the log-ratios of the pairs. bandit/ is the one-step policy,
// bandit_tokens/ the policy over sequences, which for the metrics draws one of them for every held-out prompt.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "../support/timed_calls.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/bandit/experiment.hpp"
#include "poft/bandit/token_policy.hpp"

namespace poft::bench {
namespace {

template <template <class, class> class Policy>
void run_steps(benchmark::State& state, char const* method, int steps) {
  using run         = bandit::experiment<Policy, eigen::backend, float>;
  int const prompts = static_cast<int>(state.range(0));
  bandit::experiment_settings settings{.method       = bandit::learner(method),
                                       .reward       = bandit::parse_reward("R5"),
                                       .pool         = prompts,
                                       .samples      = 10,
                                       .queries      = 10 * prompts,
                                       .batch        = 0,
                                       .minibatch    = prompts,
                                       .passes       = steps,
                                       .measurements = steps,
                                       .held_out     = 100,
                                       .pair_prompts = prompts};
  eigen::backend const backend{.threads = static_cast<int>(state.range(1))};

  std::vector<float> fitted;
  {
    run const start(backend, settings, 1);
    fitted.assign(start.policy().parameters().begin(), start.policy().parameters().end());
  }
  std::optional<run> now;
  std::vector<bandit::measurement> history;
  time_calls(
      state, [&] { now.emplace(backend, settings, 1, fitted); }, [&] { history = now->history(); }, steps);
  state.counters["reward_before"] = history.front().reward;
  state.counters["reward_after"]  = history.back().reward;
}

/// A call is a run of so many steps, beside whose time that of its one collection is small. Their number is fixed: under
/// load, two threads wait for each other far longer than they compute, and no time limit would be kept.
template <template <class, class> class Policy>
void add(char const* name, char const* method, std::vector<std::int64_t> const& prompts, int steps,
         int calls) {
  benchmark::RegisterBenchmark((std::string(name) + "/" + method).c_str(), run_steps<Policy>, method, steps)
      ->ArgsProduct({prompts, {1, 2}})
      ->ArgNames({"prompts", "threads"})
      ->Iterations(calls)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

[[maybe_unused]] bool const added = [] {
  add<bandit::categorical_policy>("bandit", "best_of_n", {10}, 50, 20);
  add<bandit::categorical_policy>("bandit", "ipo", {10, 100}, 50, 20);
  add<bandit::token_policy>("bandit_tokens", "best_of_n", {10}, 20, 5);
  add<bandit::token_policy>("bandit_tokens", "ipo", {10}, 20, 5);
  return true;
}();

}  // namespace
}  // namespace poft::bench
