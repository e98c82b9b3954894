// Threads and runs.
// SPDX-License-Identifier: MIT
#include "runner.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "on_cuda.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/bandit/experiment.hpp"
#include "poft/bandit/token_policy.hpp"
#include "results.hpp"

namespace study {
namespace {

using backend = poft::eigen::backend;

/// What a run costs, about: gradient steps of the one-step policy, or sequences that go through the token policy, each of
/// which takes as long.
double cost_of(arm const& one) {
  auto const& s = one.settings;
  if (one.policy != policy_kind::tokens) return s.steps();
  std::vector<float> const of_a_prompt(static_cast<std::size_t>(s.samples));
  auto const used = s.method.used_samples(std::span(of_a_prompt), of_a_prompt.size());
  return static_cast<double>(used.size()) * s.steps() * std::min(s.minibatch, s.prompts_per_collection()) +
         s.queries + s.measurements * (3.0 * s.held_out + s.pair_prompts * s.samples);
}

template <template <class, class> class Policy>
void run_with(std::vector<run*> const& runs, run_queue<run>& queue, int threads, journal* finished) {
  // The first policy depends on the seed and the data alone: fitted once for all learners.
  std::map<std::pair<std::uint64_t, std::vector<double>>, std::vector<float>> fitted;
  for (run const* one : runs) fitted[{one->seed, one->of->settings.data}];
  std::vector<decltype(fitted.begin())> to_fit;
  for (auto it = fitted.begin(); it != fitted.end(); ++it) to_fit.push_back(it);
  in_parallel(threads, to_fit.size(), [&](std::size_t k) {
    auto const& [seed, data] = to_fit[k]->first;
    auto policy = poft::bandit::make_policy<Policy<backend, float>>(backend{.threads = 1}, data.size(), seed);
    poft::bandit::fit_to_data(backend{.threads = 1}, policy, data, seed);
    to_fit[k]->second.assign(policy.parameters().begin(), policy.parameters().end());
  });

  queue.make(runs, threads, finished, [&](run& one) {
    auto const& start = fitted.find({one.seed, one.of->settings.data})->second;
    one.history = poft::bandit::experiment<Policy, backend, float>(backend{.threads = 1}, one.of->settings,
                                                                   one.seed, start)
                      .history();
  });
}

/// The seeds of an arm side by side, arm by arm.
void run_on_cuda(std::vector<run*> const& runs, run_queue<run>& queue, journal* finished) {
  std::map<arm const*, std::vector<run*>> of_arm;
  for (run* const one : runs) of_arm[one->of].push_back(one);
  for (auto const& [one, of_seeds] : of_arm) {
    std::vector<std::uint64_t> seeds;
    for (run const* each : of_seeds) seeds.push_back(each->seed);
    seed_histories made;
    auto next = made.begin();
    queue.make(of_seeds, /*threads*/ 1, finished, [&](run& each) {  // in their order
      if (made.empty()) {
        made = histories_on_cuda(one->policy, one->settings, seeds);
        next = made.begin();
      }
      each.history = std::move(*next++);
    });
  }
}

/// What is measured, and the data.
std::string common_settings(arm const& one) {
  auto const& s    = one.settings;
  std::string text = std::to_string(s.measurements) + " " + std::to_string(s.held_out) + " " +
                     std::to_string(s.pair_prompts);
  for (double const probability : s.data) text += "," + number_text(probability);
  return text;
}

}  // namespace

std::vector<run> run_all(std::string const& title, std::vector<arm> const& arms,
                         std::function<seed_range(arm const&)> const& seeds_of, int threads,
                         journal* finished, device on) {
  std::vector<run> runs;
  for (arm const& one : arms) {
    one.settings.check();
    auto const [first, count] = seeds_of(one);
    for (int k = 0; k < count; ++k)
      runs.push_back({&one, first + static_cast<std::uint64_t>(k), common_settings(one)});
  }
  run_queue<run> queue(runs, cost_of, [&](run& one) { return finished && finished->find(one); });
  queue.begin(title);
  std::map<policy_kind, std::vector<run*>> left;
  for (run* const one : queue.left()) left[one->of->policy].push_back(one);
  for (auto& [policy, of_policy] : left) {
    if (on == device::cuda) {
      run_on_cuda(of_policy, queue, finished);
      continue;
    }
    switch (policy) {
      case policy_kind::categorical:
        run_with<poft::bandit::categorical_policy>(of_policy, queue, threads, finished);
        break;
      case policy_kind::gaussian:
        run_with<poft::bandit::gaussian_policy>(of_policy, queue, threads, finished);
        break;
      case policy_kind::cauchy:
        run_with<poft::bandit::cauchy_policy>(of_policy, queue, threads, finished);
        break;
      case policy_kind::tanh_gaussian:
        run_with<poft::bandit::tanh_gaussian_policy>(of_policy, queue, threads, finished);
        break;
      case policy_kind::tanh_cauchy:
        run_with<poft::bandit::tanh_cauchy_policy>(of_policy, queue, threads, finished);
        break;
      case policy_kind::tokens:
        run_with<poft::bandit::token_policy>(of_policy, queue, threads, finished);
        break;
    }
  }
  return runs;
}

}  // namespace study
