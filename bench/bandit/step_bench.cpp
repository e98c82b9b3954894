// One gradient step of the bandit together with its evaluation on held-out contexts.
// SPDX-License-Identifier: MIT
//
// Offline runs, whose collection is made once and which are measured after every step: the expected reward, both
// divergences from the reference, the entropy, and the log-ratios of the pairs.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "../support/timed_calls.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/bandit/experiment.hpp"

namespace poft::bench {
namespace {

void run_steps(benchmark::State& state, char const* method) {
  using run         = bandit::experiment<bandit::categorical_policy, eigen::backend, float>;
  int const prompts = static_cast<int>(state.range(0));
  int const steps   = 50;  // of one run, beside whose time that of its one collection is small
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

void add(char const* method, std::vector<std::int64_t> const& prompts) {
  benchmark::RegisterBenchmark((std::string("bandit/") + method).c_str(), run_steps, method)
      ->ArgsProduct({prompts, {1, 2}})
      ->ArgNames({"prompts", "threads"})
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

[[maybe_unused]] bool const added = [] {
  add("best_of_n", {10});
  add("ipo", {10, 100});
  return true;
}();

}  // namespace
}  // namespace poft::bench
