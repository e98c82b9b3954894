// 256 seeds of a bandit side by side on the GPU, over single actions and over gpt-nano's sequences: gradient steps of all of
// them a second, beside bandit/step_bench's on the CPU.
// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "../support/device_calls.cuh"
#include "poft/backend/one_by_one.hpp"
#include "poft/bandit/experiment.hpp"
#include "poft/bandit/token_policy.hpp"

namespace poft::bench {
namespace {

template <template <class, class> class Policy>
void run_seeds(cuda::backend const& device, char const* name, char const* method, std::size_t count) {
  using namespace bandit;
  experiment_settings settings;  // 10 prompts of 10 samples a collection, 5 steps on each
  settings.method          = learner(method);
  settings.queries         = 400;
  settings.measurements    = 1;
  settings.held_out        = 10;
  int const steps_of_a_run = settings.steps();
  std::vector<std::uint64_t> seeds(count);
  std::iota(seeds.begin(), seeds.end(), std::uint64_t{1});

  // Fitted once; every run then has seeds of its own.
  auto policy = make_policy<Policy<cuda::backend, float>>(device, settings.data.size(), seeds);
  fit_to_data(device, policy, settings.data, seeds);
  auto const fitted = on_host(device, std::span<float const>(policy.parameters()));
  std::optional<experiment<Policy, cuda::backend, float>> runs;
  std::vector<std::vector<measurement>> histories;
  call_times const times = time_calls(
      device, 20,
      [&](std::uint64_t k) {
        for (std::uint64_t& seed : seeds) seed += k == 0 ? 0 : count;
        runs.emplace(device, settings, seeds, fitted);
      },
      [&] { histories = runs->histories(); });

  // The first run at its start: its contexts, and the policy that was fitted with seed 1.
  std::vector<double> const exact(fitted.begin(), fitted.begin() + std::ssize(fitted) / std::ssize(seeds));
  settings.queries = 100, settings.passes = 1;
  experiment<Policy, one_by_one, double> oracle({}, settings, seeds[0], exact);
  double const want  = oracle.history().front().entropy,
               error = std::abs(histories[0].front().entropy - want) / want;
  double const steps = static_cast<double>(count) * steps_of_a_run;
  print_result(std::string("bandit/") + name + "/" + method + "/" + std::to_string(count) + " seeds", "ours",
               times, error, 1e-3, {{"steps_per_s", steps / (1e-3 * times.median_ms)}});
}

}  // namespace
}  // namespace poft::bench

int main() {
  return poft::bench::run_on_device([](poft::cuda::backend const& device) {
    for (std::size_t const seeds : {1, 256}) {
      poft::bench::run_seeds<poft::bandit::categorical_policy>(device, "actions", "ipo", seeds);
      poft::bench::run_seeds<poft::bandit::categorical_policy>(device, "actions", "best_of_n", seeds);
      poft::bench::run_seeds<poft::bandit::token_policy>(device.replaying(), "gpt_nano", "ipo", seeds);
    }
  });
}
