// One run of the bandit: a policy fitted to the data, then collections of samples and gradient steps on them.
// SPDX-License-Identifier: MIT
//
//   bandit::experiment<eigen::backend, bandit::categorical_policy> run(eigen::backend{.threads = 1}, settings, seed);
//   for (bandit::measurement const& now : run.history()) ... now.step, now.reward, now.kl_policy_reference
//
// The run is Tajwar et al. 2024, arXiv:2404.14367, section 5: a budget of reward queries, spent in collections of `batch`
// prompts with `samples` responses each; every collection is passed over `passes` times in minibatches. One collection of
// the whole budget is offline learning, many small ones are on-policy learning; the budget and the number of gradient steps
// are the same.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "poft/bandit/environment.hpp"
#include "poft/bandit/fit.hpp"
#include "poft/bandit/learner.hpp"
#include "poft/bandit/measurement.hpp"
#include "poft/bandit/policy.hpp"
#include "poft/core/error.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/preference/selection.hpp"
#include "poft/train/adamw.hpp"

namespace poft::bandit {

/// pi_ref: the fitted policy, or the data's distribution itself (categorical policies only; the first samples come from it).
enum class reference_policy { fitted, data };

struct experiment_settings {
  learner method;
  double learning_rate = 1e-3;

  peak_reward reward{70, 10};
  std::vector<double> data   = squashed_cauchy();  ///< probabilities of the actions
  reference_policy reference = reference_policy::fitted;

  int pool      = 200;    ///< prompts in all; collections draw from them
  int samples   = 10;     ///< responses per prompt, N
  int queries   = 10000;  ///< budget of rewards
  int batch     = 10;     ///< prompts per collection; 0: the whole budget at once (offline)
  int minibatch = 10;     ///< prompts per gradient step
  int passes    = 5;      ///< over each collection, T

  double min_difference = 0;  ///< pairs closer in reward are dropped, and with them, for every learner, prompts without pairs

  int measurements = 50;   ///< of the run, evenly over its steps, beside the one at its start
  int held_out     = 100;  ///< contexts they are taken on
  int pair_prompts = 50;   ///< at most so many prompts of the collection in use serve for the log-ratios of pairs

  int prompts_per_collection() const { return batch > 0 ? batch : queries / samples; }
  int collections() const { return queries / (samples * prompts_per_collection()); }
  int steps_per_collection() const {
    return passes * std::max(1, prompts_per_collection() / std::min(minibatch, prompts_per_collection()));
  }
  int steps() const { return collections() * steps_per_collection(); }

  void check() const {
    auto const at_least = [](char const* name, int value, int least) {
      if (value < least) throw value_error(message("bandit: ", name, " is ", value, ", expected at least ", least));
    };
    require_probabilities(data);
    at_least("pool", pool, 1);
    at_least("samples", samples, 2);
    at_least("batch", batch, 0);
    at_least("minibatch", minibatch, 1);
    at_least("passes", passes, 1);
    at_least("measurements", measurements, 1);
    at_least("held_out", held_out, 1);
    at_least("pair_prompts", pair_prompts, 1);
    at_least("queries", queries, samples * std::max(batch, 1));
    if (!(min_difference >= 0)) {
      throw value_error(message("bandit: min_difference is ", min_difference, ", expected >= 0"));
    }
    require_learning_rate("bandit", learning_rate);
    method.check();
  }
};

/// The samples in use: `prompts` rows of the pool, `samples` actions each.
template <class T, class Action>
struct collection {
  std::vector<T> contexts;      // [prompts, features]
  std::vector<Action> actions;  // [prompts, samples]; so the following
  std::vector<T> rewards, reference_log_probs, old_log_probs;

  std::ptrdiff_t prompts = 0;
  std::vector<std::ptrdiff_t> usable;  // prompts with at least one pair that passes the filter
};

/// A run in progress. Everything random is drawn from the seed's own streams, so equal seeds give equal runs, and runs of one
/// seed share contexts, first policy and, as long as their policies agree, samples.
template <class Policy>
class experiment {
 public:
  using T                        = typename Policy::value_type;
  using action                   = typename Policy::action_type;
  using backend_type             = typename Policy::backend_type;
  static constexpr bool is_exact = std::is_same_v<action, int>;  // categorical: expectations are sums over all actions

  experiment(backend_type backend, experiment_settings settings, std::uint64_t seed)
      : experiment(std::move(backend), std::move(settings), seed, {}) {}

  /// With the parameters of a policy that fit_to_data() has made for this seed before.
  experiment(backend_type backend, experiment_settings settings, std::uint64_t seed, std::span<T const> fitted)
      : settings_((settings.check(), std::move(settings))),
        seed_(seed),
        policy_(make_policy<Policy>(backend, settings_.data, seed)),
        reference_(make_policy<Policy>(backend, settings_.data, seed)),
        optimiser_state_(policy_.parameters().size()),
        pool_(uniform_contexts<T>(seed, stream::contexts, settings_.pool, context_features)),
        held_out_(uniform_contexts<T>(seed, stream::held_out, settings_.held_out, context_features)) {
    if (!is_exact && settings_.reference == reference_policy::data) {
      throw value_error("bandit: reference is the data, expected the fitted policy: only categorical policies know the data's probabilities");
    }
    if (fitted.empty()) {
      fit_to_data(policy_, settings_.data, seed);
    } else {
      std::copy(fitted.begin(), fitted.end(), policy_.parameters().begin());
    }
    std::copy(policy_.parameters().begin(), policy_.parameters().end(), reference_.parameters().begin());
  }

};

}  // namespace poft::bandit
