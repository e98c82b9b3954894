// The bandit's learners: which samples serve, with which objective, and what that gives for every log-prob of a batch.
// SPDX-License-Identifier: MIT
//
// No formula stands here: objectives come from objective/, selections, weights and advantages from preference/.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
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

/// Samples of a few prompts, row-major: rewards [prompts, samples], log-probs [prompts, samples, elements].
template <class T>
struct learner_batch {
  std::size_t samples;    ///< per prompt
  double min_difference;  ///< pairs closer in reward are no pairs
  std::span<T const> rewards, log_probs, reference_log_probs;
  std::span<T const> old_log_probs;  ///< of the policy that drew the samples
  std::size_t elements = 1;          ///< log-probs per sample: its tokens
};

/// Sums of every `elements` numbers: log-probs of sequences from those of their tokens.
template <class T>
std::vector<T> sums_of(std::span<T const> numbers, std::size_t elements) {
  std::vector<T> out;
  for (std::size_t i = 0; i < numbers.size(); i += elements) {
    double sum = 0;
    for (T const number : numbers.subspan(i, elements)) sum += static_cast<double>(number);
    out.push_back(static_cast<T>(sum));
  }
  return out;
}

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

/// How a policy gradient holds the policy near pi_ref: by the k2 estimator on its samples, as a penalty that the reward
/// pays, or by the exact KL(pi || pi_ref) of every row. (k1 in the loss would do nothing: its gradient has mean zero.)
enum class kl_form { samples, reward, rows };

/// Name, and what its one parameter is; `grid` is what tuning tries, 0 ends it, and its first value is the default.
struct learner_description {
  learner_kind kind;
  char const* name;
  char const* parameter;
  std::array<double, 5> grid;
  char const* what;
  kl_form kl = kl_form::samples;
};
inline constexpr std::array<learner_description, 16> learners{{
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
    {learner_kind::reinforce,
     "reinforce_kl_reward",
     "kl",
     {0.01, 0.001, 0.1},
     "with the KL taken off the reward",
     kl_form::reward},
    {learner_kind::reinforce,
     "reinforce_row_kl",
     "kl",
     {0.01, 0.001, 0.1},
     "with the exact KL of every row",
     kl_form::rows},
    {learner_kind::ppo, "ppo", "kl", {0.01, 0.001, 0.1}, "clip at 0.2, with a KL term to pi_ref"},
    {learner_kind::ppo,
     "ppo_kl_reward",
     "kl",
     {0.01, 0.001, 0.1},
     "with the KL taken off the reward",
     kl_form::reward},
    {learner_kind::ppo,
     "ppo_row_kl",
     "kl",
     {0.01, 0.001, 0.1},
     "with the exact KL of every row",
     kl_form::rows},
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

  /// Coefficient of the exact KL(pi || pi_ref), mean over rows, that the loss has beside loss_and_gradient().
  double row_kl() const { return description_->kl == kl_form::rows ? parameter_ : 0; }

  /// Places in the rewards [prompts, samples] of the samples that the loss depends on, equally many for each prompt. With
  /// these alone the loss and its gradient are the same, and a network need not look at the others.
  template <class T>
  std::vector<std::size_t> used_samples(std::span<T const> rewards, std::size_t samples) const {
    std::vector<std::size_t> out;
    bool const worst = kind() == learner_kind::best_of_n_worst;
    if (kind() != learner_kind::best_of_n && !worst) {
      out.resize(rewards.size());
      std::iota(out.begin(), out.end(), std::size_t{0});
      return out;
    }
    auto const places = preference::best_of_n(rewards, samples);
    for (std::size_t p = 0; p < places.best.size(); ++p) {
      out.push_back(p * samples + places.best[p]);
      if (worst) out.push_back(p * samples + places.worst[p]);
    }
    return out;
  }

  /// Loss of the batch; its derivative by every log-prob is added to d_log_probs, [prompts, samples, elements]. Policy
  /// gradients act on elements, each with its sample's reward, all others on the sums of a sample's elements.
  template <class Backend, class T>
  double loss_and_gradient(Backend const& backend, learner_batch<T> const& batch,
                           std::span<T> d_log_probs) const {
    using objective::negatives;
    if (batch.elements > 1 && kind() < learner_kind::reinforce) {
      auto const log_probs = sums_of(batch.log_probs, batch.elements),
                 reference = sums_of(batch.reference_log_probs, batch.elements),
                 old       = sums_of(batch.old_log_probs, batch.elements);
      std::vector<T> d(batch.rewards.size());
      double const loss = loss_and_gradient(
          backend,
          learner_batch<T>{batch.samples, batch.min_difference, batch.rewards, log_probs, reference, old},
          std::span<T>(d));
      for (std::size_t i = 0; i < d_log_probs.size(); ++i) d_log_probs[i] += d[i / batch.elements];
      return loss;
    }
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
        return stepped<objective::reinforce>(backend, batch, d_log_probs);
      case learner_kind::ppo:
        return stepped<objective::ppo_clip>(backend, batch, d_log_probs);
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

  /// Mean over all elements of a policy-gradient surrogate with their sample's reward, standardised over the batch.
  template <class Surrogate, class Backend, class T>
  double stepped(Backend const& backend, learner_batch<T> const& batch, std::span<T> d_log_probs) const {
    std::vector<T> rewards(batch.rewards.begin(), batch.rewards.end());
    if (description_->kl == kl_form::reward) {
      auto const old       = sums_of(batch.old_log_probs, batch.elements),
                 reference = sums_of(batch.reference_log_probs, batch.elements);
      for (std::size_t i = 0; i < rewards.size(); ++i)
        rewards[i] -= static_cast<T>(parameter_) * (old[i] - reference[i]);
    }
    auto const of_sample = preference::batch_mean_baseline(rewards, {.ddof = 0, .epsilon = 1e-12});
    std::vector<T> advantages(batch.log_probs.size());
    for (std::size_t i = 0; i < advantages.size(); ++i) advantages[i] = of_sample[i / batch.elements];
    double const sampled_kl = description_->kl == kl_form::samples ? parameter_ : 0;
    return batch_loss_and_gradient(
        backend, objective::with_kl<Surrogate, objective::k2>{{}, sampled_kl},
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
