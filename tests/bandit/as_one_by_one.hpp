// Whole runs of the bandit on any backend, whatever its memory, one seed or several side by side, against the one-by-one
// oracle's run of each seed alone.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "poft/backend/one_by_one.hpp"
#include "poft/bandit/experiment.hpp"

namespace poft_test {

/// One collection of four prompts, ten steps, on few held-out contexts.
inline poft::bandit::experiment_settings short_run(char const* name, char const* reward) {
  poft::bandit::experiment_settings settings;
  settings.method        = poft::bandit::learner(name);
  settings.reward        = poft::bandit::parse_reward(reward);
  settings.learning_rate = 1e-3;
  settings.pool = settings.batch = 4;
  settings.samples               = 3;
  settings.queries               = 12;
  settings.minibatch             = 2;
  settings.measurements          = 2;
  settings.held_out              = 3;
  return settings;
}

/// Over few tokens, so that the oracle's network is quick.
inline poft::bandit::experiment_settings short_token_run(char const* name) {
  auto settings = short_run(name, "R5");
  settings.data.assign(7, 1.0 / 7);
  settings.passes   = 1;
  settings.held_out = 2;
  return settings;
}

inline void expect_equal_histories(std::vector<poft::bandit::measurement> const& got,
                                   std::vector<poft::bandit::measurement> const& want, double tolerance = 0) {
  using columns = poft::bandit::measurement::columns;
  ASSERT_EQ(got.size(), want.size());
  EXPECT_NE(want.back().reward, want.front().reward);
  for (std::size_t k = 0; k < want.size(); ++k) {
    columns::for_each_index([&]<int K>() {
      double const expected = columns::get<K>(want[k]), found = columns::get<K>(got[k]);
      bool const is_right =
          std::isnan(expected) ? std::isnan(found) : std::abs(found - expected) <= tolerance;
      EXPECT_TRUE(is_right) << "measurement " << k << ", " << columns::at<K>::name << ": " << found
                            << ", not " << expected;
    });
  }
}

/// Policies of two seeds side by side, fitted a little and run. T: the numbers of both, so that a backend that adds as the
/// oracle does has its bits.
template <template <class, class> class Policy, class T, class Backend>
void expect_runs_of_one_by_one(Backend const& backend, poft::bandit::experiment_settings const& settings,
                               double tolerance = 0) {
  using namespace poft::bandit;
  std::vector<std::uint64_t> const seeds{3, 1};
  poft::one_by_one const oracle;
  fit_settings const few{.steps = 3, .contexts = 4};
  auto policy = make_policy<Policy<Backend, T>>(backend, settings.data.size(), seeds);
  fit_to_data(backend, policy, settings.data, seeds, few);
  auto const here = poft::on_host(backend, std::span<T const>(policy.parameters()));
  std::vector<T> const fitted(here.begin(), here.end());
  experiment<Policy, Backend, T> together(backend, settings, seeds, fitted);
  auto const histories  = together.histories();
  std::size_t const own = fitted.size() / seeds.size();
  for (std::size_t n = 0; n < seeds.size(); ++n) {
    SCOPED_TRACE(seeds[n]);
    auto exact = make_policy<Policy<poft::one_by_one, T>>(oracle, settings.data.size(), seeds[n]);
    fit_to_data(oracle, exact, settings.data, seeds[n], few);
    for (std::size_t k = 0; k < own; ++k)
      ASSERT_NEAR(fitted[n * own + k], exact.parameters()[k], tolerance) << "parameter " << k;
    experiment<Policy, poft::one_by_one, T> alone(oracle, settings, seeds[n], exact.parameters());
    expect_equal_histories(histories[n], alone.history(), tolerance);
  }
}

}  // namespace poft_test
