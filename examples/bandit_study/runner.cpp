// Threads and runs.
// SPDX-License-Identifier: MIT
#include "runner.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <span>
#include <utility>

#include "../study/parallel.hpp"
#include "on_cuda.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/bandit/experiment.hpp"
#include "poft/bandit/token_policy.hpp"
#include "poft/train/progress.hpp"
#include "results.hpp"

namespace study {
namespace {

using backend = poft::eigen::backend;
using poft::progress;

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
void run_with(std::vector<run*> const& runs, int threads, progress& bar, journal* finished) {
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

  in_parallel(threads, runs.size(), [&](std::size_t k) {
    run& one          = *runs[k];
    auto const& start = fitted.find({one.seed, one.of->settings.data})->second;
    try {
      one.history = poft::bandit::experiment<Policy, backend, float>(backend{.threads = 1}, one.of->settings,
                                                                     one.seed, start)
                        .history();
    } catch (poft::error const& problem) {
      throw poft::value_error(poft::message(one.of->id, ", seed ", one.seed, ": ", problem.what()));
    }
    if (finished) finished->add(one);
    bar.add(cost_of(*one.of));
  });
}

/// The seeds of an arm at once, arm by arm.
void run_on_cuda(std::vector<run*> const& runs, progress& bar, journal* finished) {
  for (auto first = runs.begin(); first != runs.end();) {
    arm const& one  = *(*first)->of;
    auto const last = std::find_if(first, runs.end(), [&](run const* other) { return other->of != &one; });
    std::vector<std::uint64_t> seeds;
    std::for_each(first, last, [&](run const* each) { seeds.push_back(each->seed); });
    histories made;
    try {
      made = histories_on_cuda(one.policy, one.settings, seeds);
    } catch (poft::value_error const& problem) {
      throw poft::value_error(poft::message(one.id, ": ", problem.what()));
    }
    for (auto& history : made) {
      (*first)->history = std::move(history);
      if (finished) finished->add(**first);
      bar.add(cost_of(one));
      ++first;
    }
  }
}

}  // namespace

std::string journal_key(run const& of) {
  auto const& s    = of.of->settings;
  std::string text = std::to_string(s.measurements) + " " + std::to_string(s.held_out) + " " +
                     std::to_string(s.pair_prompts);
  for (std::string const& cell : arm_row(*of.of)) text += "," + cell;
  for (double const probability : s.data) text += "," + number_text(probability);
  return of.of->id + "," + std::to_string(of.seed) + "," + std::to_string(fingerprint(text));
}

std::vector<run> run_all(std::string const& title, std::vector<arm> const& arms,
                         std::function<seed_range(arm const&)> const& seeds_of, int threads,
                         journal* finished, device on) {
  std::vector<run> runs;
  for (arm const& one : arms) {
    one.settings.check();
    auto const [first, count] = seeds_of(one);
    for (int k = 0; k < count; ++k) runs.push_back({&one, first + static_cast<std::uint64_t>(k)});
  }
  double work = 0, done = 0;
  std::size_t held = 0;
  std::map<policy_kind, std::vector<run*>> left;
  for (run& one : runs) {
    work += cost_of(*one.of);
    if (finished && finished->find(one)) {
      done += cost_of(*one.of);
      ++held;
    } else {
      left[one.of->policy].push_back(&one);
    }
  }
  if (held > 0)
    std::fprintf(stderr, "%s: %zu of %zu runs are finished already\n", title.c_str(), held, runs.size());
  progress bar(title, work, done, poft::without_terminal::tenths);
  for (auto& [policy, of_policy] : left) {
    if (on == device::cuda && policy != policy_kind::tokens) {
      run_on_cuda(of_policy, bar, finished);
      continue;
    }
    // The longest first, so that threads end together.
    std::stable_sort(of_policy.begin(), of_policy.end(),
                     [](run const* a, run const* b) { return cost_of(*a->of) > cost_of(*b->of); });
    switch (policy) {
      case policy_kind::categorical:
        run_with<poft::bandit::categorical_policy>(of_policy, threads, bar, finished);
        break;
      case policy_kind::gaussian:
        run_with<poft::bandit::gaussian_policy>(of_policy, threads, bar, finished);
        break;
      case policy_kind::cauchy:
        run_with<poft::bandit::cauchy_policy>(of_policy, threads, bar, finished);
        break;
      case policy_kind::tanh_gaussian:
        run_with<poft::bandit::tanh_gaussian_policy>(of_policy, threads, bar, finished);
        break;
      case policy_kind::tanh_cauchy:
        run_with<poft::bandit::tanh_cauchy_policy>(of_policy, threads, bar, finished);
        break;
      case policy_kind::tokens:
        run_with<poft::bandit::token_policy>(of_policy, threads, bar, finished);
        break;
    }
  }
  return runs;
}

}  // namespace study
