// Threads and runs.
// SPDX-License-Identifier: MIT
#include "runner.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "poft/backend/eigen/backend.hpp"
#include "poft/bandit/experiment.hpp"
#include "progress.hpp"

namespace study {
namespace {

using backend = poft::eigen::backend;

/// f(k) for k = 0 ... count-1, each on one of `threads` threads; the first exception is passed on.
template <class F>
void in_parallel(int threads, std::size_t count, F const& f) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr problem;
  std::mutex guard;
  auto const work = [&] {
    for (std::size_t k; (k = next++) < count;) {
      try {
        f(k);
      } catch (...) {
        std::lock_guard const lock(guard);
        if (!problem) problem = std::current_exception();
        next = count;
      }
    }
  };
  std::vector<std::jthread> team;
  for (int t = 1; t < threads; ++t) team.emplace_back(work);
  work();
  team.clear();  // joins
  if (problem) std::rethrow_exception(problem);
}

template <template <class, class> class Policy>
void run_with(std::vector<run>& runs, int threads, progress& bar) {
  // The first policy depends on the seed and the data alone: fitted once for all learners.
  std::map<std::pair<std::uint64_t, std::vector<double>>, std::vector<float>> fitted;
  for (run const& one : runs) fitted[{one.seed, one.of->settings.data}];
  std::vector<decltype(fitted.begin())> to_fit;
  for (auto it = fitted.begin(); it != fitted.end(); ++it) to_fit.push_back(it);
  in_parallel(threads, to_fit.size(), [&](std::size_t k) {
    auto const& [seed, data] = to_fit[k]->first;
    auto policy = poft::bandit::make_policy<Policy<backend, float>>(backend{.threads = 1}, data.size(), seed);
    poft::bandit::fit_to_data(backend{.threads = 1}, policy, data, seed);
    to_fit[k]->second.assign(policy.parameters().begin(), policy.parameters().end());
  });

  std::vector<std::size_t> order(runs.size());  // the longest first, so that threads end together
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return runs[a].of->settings.steps() > runs[b].of->settings.steps();
  });
  in_parallel(threads, order.size(), [&](std::size_t k) {
    run& one          = runs[order[k]];
    auto const& start = fitted.find({one.seed, one.of->settings.data})->second;
    try {
      poft::bandit::experiment<Policy, backend, float> experiment(backend{.threads = 1}, one.of->settings,
                                                                  one.seed, start);
      one.history         = experiment.history();
      one.skipped_prompts = experiment.skipped_prompts();
    } catch (poft::error const& problem) {
      throw poft::value_error(poft::message(one.of->id, ", seed ", one.seed, ": ", problem.what()));
    }
    bar.add(one.of->settings.steps());
  });
}

}  // namespace

policy_kind policy_of(std::string const& name) {
  constexpr char const* known[] = {"categorical", "gaussian", "cauchy", "tanh_gaussian", "tanh_cauchy"};
  auto const at                 = std::find(std::begin(known), std::end(known), name);
  if (at == std::end(known)) {
    throw poft::value_error(poft::message(
        "policy: \"", name, "\", expected one of categorical gaussian cauchy tanh_gaussian tanh_cauchy"));
  }
  return static_cast<policy_kind>(at - std::begin(known));
}

std::vector<std::uint64_t> seeds_from(std::uint64_t first, int count) {
  std::vector<std::uint64_t> seeds(static_cast<std::size_t>(count));
  std::iota(seeds.begin(), seeds.end(), first);
  return seeds;
}

std::vector<run> run_all(std::string const& title, std::vector<arm> const& arms,
                         std::vector<std::uint64_t> const& seeds, int threads, policy_kind policy) {
  std::vector<run> runs;
  double work = 0;
  for (arm const& one : arms) {
    one.settings.check();
    for (std::uint64_t const seed : seeds) runs.push_back({&one, seed, {}, 0});
    work += one.settings.steps() * static_cast<double>(seeds.size());
  }
  progress bar(title, work);
  switch (policy) {
    case policy_kind::categorical:
      run_with<poft::bandit::categorical_policy>(runs, threads, bar);
      break;
    case policy_kind::gaussian:
      run_with<poft::bandit::gaussian_policy>(runs, threads, bar);
      break;
    case policy_kind::cauchy:
      run_with<poft::bandit::cauchy_policy>(runs, threads, bar);
      break;
    case policy_kind::tanh_gaussian:
      run_with<poft::bandit::tanh_gaussian_policy>(runs, threads, bar);
      break;
    case policy_kind::tanh_cauchy:
      run_with<poft::bandit::tanh_cauchy_policy>(runs, threads, bar);
      break;
  }
  return runs;
}

}  // namespace study
