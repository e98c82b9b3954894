// The bandit's learners: which samples serve, with which objective, and what that gives for every log-prob of a batch.
// SPDX-License-Identifier: MIT
//
// No formula stands here: objectives come from objective/, selections, weights and advantages from preference/.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "poft/batch/evaluate.hpp"
#include "poft/core/error.hpp"
#include "poft/objective/best_of_n.hpp"
#include "poft/objective/dpo.hpp"
#include "poft/objective/ipo_bandit.hpp"
#include "poft/objective/kl_penalty.hpp"
#include "poft/objective/ppo_clip.hpp"
#include "poft/objective/reinforce.hpp"
#include "poft/objective/weighted_nll.hpp"
#include "poft/preference/advantage.hpp"
#include "poft/preference/reward_weight.hpp"
#include "poft/preference/selection.hpp"

namespace poft::bandit {

/// Samples of a few prompts, row-major [prompts, samples].
template <class T>
struct learner_batch {
  std::size_t samples;    ///< per prompt
  double min_difference;  ///< pairs closer in reward are no pairs
  std::span<T const> rewards, log_probs, reference_log_probs;
  std::span<T const> old_log_probs;  ///< of the policy that drew the samples
};

enum class learner_kind {
  best_of_n,
  best_of_n_worst,
  best_of_n_average,
  best_of_n_sum,
  best_of_n_log_complement,
  rwr,
  rwr_prompt,
  pref_ft,
  dpo,
  ipo,
  reinforce,
  ppo
};

/// Name, and what its one parameter is; `grid` is what tuning tries, 0 ends it, and its first value is the default.
struct learner_description {
  learner_kind kind;
  char const* name;
  char const* parameter;
  std::array<double, 5> grid;
  char const* what;
};
inline constexpr std::array<learner_description, 12> learners{{
    {learner_kind::best_of_n, "best_of_n", "", {}, "likelihood of each prompt's best response"},
    {learner_kind::best_of_n_worst, "best_of_n_worst", "beta", {0.1, 0.3, 1}, "and away from its worst"},
    {learner_kind::best_of_n_average,
     "best_of_n_average",
     "beta",
     {0.1, 0.3, 1},
     "and away from all others, their mean"},
    {learner_kind::best_of_n_sum,
     "best_of_n_sum",
     "beta",
     {0.1, 0.03, 0.3},
     "and away from all others, their sum"},
    {learner_kind::best_of_n_log_complement,
     "best_of_n_log_complement",
     "beta",
     {0.1, 1, 10},
     "with log(1 - pi), which is bounded"},
    {learner_kind::rwr,
     "rwr",
     "temperature",
     {0.1, 0.05, 0.3, 1},
     "weights softmax(reward / temperature) over the batch"},
    {learner_kind::rwr_prompt,
     "rwr_prompt",
     "temperature",
     {0.1, 0.05, 0.3, 1},
     "the same within each prompt"},
    {learner_kind::pref_ft, "pref_ft", "", {}, "likelihood of the chosen response of every pair"},
    {learner_kind::dpo, "dpo", "beta", {0.1, 0.05, 0.3, 1}, "direct preference optimisation over all pairs"},
    {learner_kind::ipo,
     "ipo",
     "target",
     {10, 1, 3, 30, 100},
     "squared distance of the margin to a target, all pairs"},
    {learner_kind::reinforce,
     "reinforce",
     "kl",
     {0.01, 0.001, 0.1},
     "rewards standardised over the batch, a KL term to pi_ref"},
    {learner_kind::ppo, "ppo", "kl", {0.01, 0.001, 0.1}, "clip at 0.2, with a KL term to pi_ref"},
}};

/// A learner by name with its parameter. loss_and_gradient() is what one gradient step needs of it.
class learner {
 public:
  learner() = default;
  /// NaN: the parameter's default.
  explicit learner(std::string_view name, double parameter = std::numeric_limits<double>::quiet_NaN())
      : description_(&describe(name)),
        parameter_(std::isnan(parameter) ? description_->grid[0] : parameter) {}

  static learner_description const& describe(std::string_view name) {
    std::string known;
    for (learner_description const& one : learners) {
      if (name == one.name) return one;
      known += std::string(" ") + one.name;
    }
    throw value_error(message("learner: \"", name, "\", expected one of", known));
  }

  learner_kind kind() const { return description_->kind; }
  char const* name() const { return description_->name; }
  char const* parameter_name() const { return description_->parameter; }
  double parameter() const { return parameter_; }

  void check() const {
    if (*parameter_name() != 0 && !(parameter_ > 0 && std::isfinite(parameter_))) {
      throw value_error(message(name(), ": ", parameter_name(), " is ", parameter_, ", expected > 0"));
    }
  }

  /// Loss of the batch; its derivative by every log-prob is added to d_log_probs, [prompts, samples].
  template <class Backend, class T>
  double loss_and_gradient(Backend const& backend, learner_batch<T> const& batch,
                           std::span<T> d_log_probs) const {
    using objective::negatives;
    std::size_t const prompts = batch.rewards.size() / batch.samples;
    switch (kind()) {
      case learner_kind::best_of_n:
        return listed(objective::best_of_n<negatives::none>{}, batch, d_log_probs);
      case learner_kind::best_of_n_worst:
        return listed(objective::best_of_n<negatives::worst>{.beta = parameter_}, batch, d_log_probs);
      case learner_kind::best_of_n_average:
        return listed(objective::best_of_n<negatives::average>{.beta = parameter_}, batch, d_log_probs);
      case learner_kind::best_of_n_sum:
        return listed(objective::best_of_n<negatives::sum>{.beta = parameter_}, batch, d_log_probs);
      case learner_kind::best_of_n_log_complement:
        return listed(objective::best_of_n<negatives::log_complement>{.beta = parameter_}, batch,
                      d_log_probs);
      case learner_kind::rwr: {
        auto const weights = preference::normalised_weights(batch.rewards, parameter_);
        return weighted(backend, batch.log_probs, weights, 1, d_log_probs);
      }
      case learner_kind::rwr_prompt: {
        auto const weights = preference::normalised_weights(batch.rewards, parameter_, batch.samples);
        return weighted(backend, batch.log_probs, weights, prompts, d_log_probs);
      }
      case learner_kind::pref_ft: {
        auto const pairs = preference::all_pairs(batch.rewards, batch.samples, batch.min_difference).pairs;
        std::vector<T> chosen(batch.rewards.size());  // of how many pairs each response is the chosen one
        for (auto const& pair : pairs) ++chosen[pair.chosen];
        return weighted(backend, batch.log_probs, chosen, pairs.size(), d_log_probs);
      }
      case learner_kind::dpo:
        return paired(backend, objective::dpo{.beta = parameter_}, batch, d_log_probs);
      case learner_kind::ipo:
        return paired(backend, objective::ipo_bandit{parameter_}, batch, d_log_probs);
      case learner_kind::reinforce:
        return stepped(backend, objective::with_kl<objective::reinforce, objective::k2>{{}, parameter_},
                       batch, d_log_probs);
      case learner_kind::ppo:
        return stepped(backend, objective::with_kl<objective::ppo_clip, objective::k2>{{}, parameter_}, batch,
                       d_log_probs);
    }
    return 0;
  }

 private:
  /// Mean over the prompts of an objective on all of a prompt's samples.
  template <class Objective, class T>
  static double listed(Objective const& objective, learner_batch<T> const& batch, std::span<T> d_log_probs) {
    if (char const* problem = objective.invalid()) throw value_error(problem);
    std::size_t const samples = batch.samples, prompts = batch.rewards.size() / samples;
    std::vector<T> d(samples);
    double loss = 0;
    for (std::size_t p = 0; p < batch.rewards.size(); p += samples) {
      rewarded_list<T> const list{batch.log_probs.subspan(p, samples), batch.rewards.subspan(p, samples), {}};
      loss += static_cast<double>(objective(list, view<T>(d)));
      for (std::size_t i = 0; i < samples; ++i) d_log_probs[p + i] += d[i] / static_cast<T>(prompts);
    }
    return loss / static_cast<double>(prompts);
  }

  /// -sum of weight * log-prob, over `count`.
  template <class Backend, class T>
  static double weighted(Backend const& backend, std::span<T const> log_probs, std::vector<T> const& weights,
                         std::size_t count, std::span<T> d_log_probs) {
    return batch_loss_and_gradient(backend, objective::weighted_nll{},
                                   weighted_sequence<std::span<T const>>{log_probs, weights},
                                   weighted_sequence<std::span<T>>{d_log_probs, {}},
                                   batch_options<T>{.count = static_cast<double>(count), .accumulate = true});
  }

  /// Mean over all samples of a policy-gradient surrogate, the rewards standardised over the batch.
  template <class Backend, class Objective, class T>
  static double stepped(Backend const& backend, Objective const& objective, learner_batch<T> const& batch,
                        std::span<T> d_log_probs) {
    auto const advantages = preference::batch_mean_baseline(batch.rewards, {.ddof = 0, .epsilon = 1e-12});
    return batch_loss_and_gradient(
        backend, objective,
        anchored_policy_step<std::span<T const>>{batch.log_probs, batch.old_log_probs,
                                                 batch.reference_log_probs, advantages},
        anchored_policy_step<std::span<T>>{d_log_probs, {}, {}, {}}, batch_options<T>{.accumulate = true});
  }

  /// Mean over all pairs of the objective on (chosen, rejected).
  template <class Backend, class Objective, class T>
  static double paired(Backend const& backend, Objective const& objective, learner_batch<T> const& batch,
                       std::span<T> d_log_probs) {
    auto const pairs = preference::all_pairs(batch.rewards, batch.samples, batch.min_difference).pairs;
    preference_pair<std::vector<T>> in, d;
    for (auto const& [chosen, rejected] : pairs) {
      in.chosen.push_back(batch.log_probs[chosen]);
      in.rejected.push_back(batch.log_probs[rejected]);
      in.reference_chosen.push_back(batch.reference_log_probs[chosen]);
      in.reference_rejected.push_back(batch.reference_log_probs[rejected]);
    }
    d.chosen.resize(pairs.size());
    d.rejected.resize(pairs.size());
    double const loss =
        batch_loss_and_gradient(backend, objective,
                                preference_pair<std::span<T const>>{
                                    in.chosen, in.rejected, in.reference_chosen, in.reference_rejected},
                                preference_pair<std::span<T>>{d.chosen, d.rejected});
    for (std::size_t k = 0; k < pairs.size(); ++k) {
      d_log_probs[pairs[k].chosen] += d.chosen[k];
      d_log_probs[pairs[k].rejected] += d.rejected[k];
    }
    return loss;
  }

  learner_description const* description_ = &learners[0];
  double parameter_                       = 0;
};

}  // namespace poft::bandit
