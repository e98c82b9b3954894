// Advantages: how much better a reward is than what was to be expected. Frozen inputs of the policy-gradient
// objectives. SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "poft/preference/running_mean.hpp"
#include "poft/preference/scores.hpp"
#include "poft/scalar/functions.hpp"  // sqrt, square

// Rewards are [samples], the samples of a prompt (its group) consecutive. Sums are taken in double, relative
// to a group's first reward, so equal rewards give exactly 0. An infinite or NaN reward is an error that
// names its index.

namespace poft::preference {

/// Mean of the rewards and their standard deviation with `ddof` degrees of freedom taken off.
struct reward_moments {
  double mean, deviation;
};
template <std::floating_point T>
reward_moments moments(std::span<T const> rewards, int ddof) {
  double const mean = running_mean::of(rewards).mean;
  double squares    = 0;
  for (double const reward : rewards) squares += square(reward - mean);
  return {mean, sqrt(squares / (static_cast<double>(rewards.size()) - ddof))};
}

/// difference / distance, where no difference is 0 whatever the distance: 0 / 0 does not arise.
inline double over(double difference, double distance) {
  return difference == 0 ? 0.0 : difference / distance;
}

/// reward - baseline, a number fixed beforehand.
template <score_range Rewards>
std::vector<element_of_range<Rewards>> constant_baseline(Rewards const& rewards, double baseline) {
  auto const reward = require::finite("constant_baseline", "reward", rewards);
  if (!std::isfinite(baseline))
    throw value_error(message("constant_baseline: baseline is ", baseline, ", expected a finite number"));
  std::vector<element_of_range<Rewards>> advantage(reward.size());
  for (std::size_t i = 0; i < reward.size(); ++i)
    advantage[i] = static_cast<element_of_range<Rewards>>(double(reward[i]) - baseline);
  return advantage;
}

/// reward - mean of all rewards of *earlier* batches (so the baseline does not depend on the actions it
/// judges; 0 before the first batch); then takes the batch into the state.
template <score_range Rewards>
std::vector<element_of_range<Rewards>> running_mean_baseline(Rewards const& rewards, running_mean& state) {
  auto advantage = constant_baseline(rewards, state.mean);
  state.add(rewards);
  return advantage;
}

/// Whose standard deviation rewards are divided by. batch: that of all rewards of the call, while the mean stays the
/// group's. The names are those of TRL's scale_rewards.
enum class advantage_scale { none, group, batch };

/// Options of the normalised advantages. A reward equal to its group's mean has advantage 0 whatever epsilon is.
struct normalisation {
  advantage_scale scale = advantage_scale::group;
  int ddof              = 1;     ///< 1: Bessel's correction, 0: population
  double epsilon        = 1e-4;  ///< added to the deviation
};

inline void require_degrees_of_freedom(char const* operation, int ddof) {
  if (ddof != 0 && ddof != 1) throw value_error(message(operation, ": ddof is ", ddof, ", expected 0 or 1"));
}

/// (reward - mean of its group) / (deviation + epsilon), or without the division.
template <score_range Rewards>
std::vector<element_of_range<Rewards>> relative_to_group(char const* operation, Rewards const& rewards,
                                                         std::size_t group_size,
                                                         normalisation const& options) {
  auto const reward = require::finite(operation, "reward", rewards);
  require_degrees_of_freedom(operation, options.ddof);
  require::not_negative(operation, "epsilon", options.epsilon);
  require::groups(operation, reward.size(), group_size, options.scale == advantage_scale::group ? 2 : 1);
  if (options.scale == advantage_scale::batch && reward.size() < 2)
    throw value_error(
        message(operation, ": the batch has 1 reward, expected at least 2 to have a deviation"));
  auto distance_in = [&](std::span<element_of_range<Rewards> const> samples) {
    return moments(samples, options.ddof).deviation + options.epsilon;
  };
  double distance = options.scale == advantage_scale::batch ? distance_in(reward) : 1.0;
  std::vector<element_of_range<Rewards>> advantage(reward.size());
  for (std::size_t begin = 0; begin < reward.size(); begin += group_size) {
    auto const group  = reward.subspan(begin, group_size);
    double const mean = running_mean::of(group).mean;
    if (options.scale == advantage_scale::group) distance = distance_in(group);
    for (std::size_t i = begin; i < begin + group_size; ++i)
      advantage[i] = static_cast<element_of_range<Rewards>>(over(double(reward[i]) - mean, distance));
  }
  return advantage;
}

/// GRPO, Shao et al. 2024, arXiv:2402.03300: (reward - mean) / (standard deviation + epsilon), both of the
/// reward's group. The defaults are TRL's; VERL takes epsilon 1e-6, OpenRLHF 1e-9, HALOs ddof 0 and 1e-2. A
/// group of one has no deviation: an error while it is divided by. The deviation of the batch in its place
/// (advantage_scale::batch) is Lite PPO's, "Tricks or traps?" 2025, arXiv:2508.08221: prompts whose samples all
/// but agree gain no weight.
template <score_range Rewards>
std::vector<element_of_range<Rewards>> group_mean_std(Rewards const& rewards, std::size_t group_size,
                                                      normalisation const& options = {}) {
  return relative_to_group("group_mean_std", rewards, group_size, options);
}

/// reward - mean of its group, not divided: dividing favours prompts that are nearly solved or nearly
/// hopeless. Dr. GRPO, Liu et al. 2025, arXiv:2503.20783. Whitened over the batch afterwards it is
/// REINFORCE++-baseline.
template <score_range Rewards>
std::vector<element_of_range<Rewards>> dr_grpo(Rewards const& rewards, std::size_t group_size) {
  return relative_to_group("dr_grpo", rewards, group_size, {.scale = advantage_scale::none});
}

/// The bandit's REINFORCE: reward - mean of the batch, the sample itself included; with scale over the
/// population deviation + epsilon.
inline constexpr normalisation centred_only{.scale = advantage_scale::none, .ddof = 0, .epsilon = 1e-12};
template <score_range Rewards>
std::vector<element_of_range<Rewards>> batch_mean_baseline(Rewards const& rewards,
                                                           normalisation const& options = centred_only) {
  return relative_to_group("batch_mean_baseline", rewards, std::span(rewards).size(), options);
}

/// reward - mean of the *other* rewards of its group = n/(n-1) (reward - mean of the group).
/// RLOO: Kool et al. 2019, "Buy 4 REINFORCE samples, get a baseline for free"; Ahmadian et al. 2024,
/// arXiv:2402.14740.
template <score_range Rewards>
std::vector<element_of_range<Rewards>> leave_one_out(Rewards const& rewards, std::size_t group_size) {
  auto const reward = require::finite("leave_one_out", "reward", rewards);
  require::groups("leave_one_out", reward.size(), group_size, 2);
  double const others = static_cast<double>(group_size - 1);
  std::vector<element_of_range<Rewards>> advantage(reward.size());
  for (std::size_t begin = 0; begin < reward.size(); begin += group_size) {
    double const mean = running_mean::of(reward.subspan(begin, group_size)).mean;
    for (std::size_t i = begin; i < begin + group_size; ++i)
      advantage[i] = static_cast<element_of_range<Rewards>>((double(reward[i]) - mean) *
                                                            (static_cast<double>(group_size) / others));
  }
  return advantage;
}

struct whitening {
  bool shift_mean = true;  ///< false: the mean is kept
  int ddof        = 1;     ///< 1: Bessel's correction, 0: population
  double epsilon  = 1e-8;  ///< under the root, unlike that of group_mean_std
};

/// (x - mean) / sqrt(variance + epsilon) over the batch, as PPO implementations whiten advantages.
template <score_range Advantages>
std::vector<element_of_range<Advantages>> whiten(Advantages const& advantages,
                                                 whitening const& options = {}) {
  auto const advantage = require::finite("whiten", "advantage", advantages);
  require_degrees_of_freedom("whiten", options.ddof);
  require::not_negative("whiten", "epsilon", options.epsilon);
  if (advantage.size() < 2) throw value_error("whiten: the batch has 1 advantage, expected at least 2");
  auto const batch      = moments(advantage, options.ddof);
  double const distance = sqrt(square(batch.deviation) + options.epsilon);
  std::vector<element_of_range<Advantages>> white(advantage.size());
  for (std::size_t i = 0; i < white.size(); ++i) {
    double const centred = over(double(advantage[i]) - batch.mean, distance);
    white[i] = static_cast<element_of_range<Advantages>>(options.shift_mean ? centred : centred + batch.mean);
  }
  return white;
}

/// Advantages and the returns (advantage + value) that the value loss regresses on. [time] each.
template <std::floating_point T>
struct advantages_and_returns {
  std::vector<T> advantage, returns;
};

struct discounting {
  double gamma  = 1.0;
  double lambda = 0.95;
};

/// Generalised advantage estimation of one episode, Schulman et al. 2016, arXiv:1506.02438, eq. 16:
///
///   delta_t = r_t + gamma V_{t+1} - V_t,   A_t = delta_t + gamma lambda A_{t+1}
///
/// rewards, values [time]; next_value is V after the last step: 0 where the episode ended, the value estimate
/// where it was cut off. lambda = 0: one-step errors; lambda = 1: discounted return minus value.
template <score_range Rewards, score_range Values>
advantages_and_returns<element_of_range<Rewards>> generalised_advantage(Rewards const& rewards,
                                                                        Values const& values,
                                                                        double next_value           = 0,
                                                                        discounting const& discount = {}) {
  using T                         = element_of_range<Rewards>;
  constexpr char const* operation = "generalised_advantage";
  auto const reward               = require::finite(operation, "reward", rewards);
  auto const value                = require::finite(operation, "value", values);
  require::same_length(operation, "reward", reward.size(), "value", value.size());
  for (auto const& [name, factor] :
       {std::pair{"gamma", discount.gamma}, std::pair{"lambda", discount.lambda}})
    if (!(factor >= 0 && factor <= 1))
      throw value_error(message(operation, ": ", name, " is ", factor, ", expected 0 to 1"));
  if (!std::isfinite(next_value))
    throw value_error(message(operation, ": next_value is ", next_value, ", expected a finite number"));
  advantages_and_returns<T> result{std::vector<T>(reward.size()), std::vector<T>(reward.size())};
  double advantage = 0;
  for (std::size_t t = reward.size(); t-- > 0;) {
    double const error  = double(reward[t]) + discount.gamma * next_value - double(value[t]);
    advantage           = error + discount.gamma * discount.lambda * advantage;
    next_value          = value[t];
    result.advantage[t] = static_cast<T>(advantage);
    result.returns[t]   = static_cast<T>(advantage + next_value);
  }
  return result;
}

}  // namespace poft::preference
