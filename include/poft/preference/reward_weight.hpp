// The frozen weights of reward-weighted regression: how strongly to imitate a sample of given reward.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "poft/preference/scores.hpp"
#include "poft/scalar/functions.hpp"  // exp, max, min, sigmoid

namespace poft::preference {

/// One weight per reward, from a formula of the reward alone. rewards [samples] finite, beta > 0.
template <score_range Rewards, class Formula>
std::vector<element_of_range<Rewards>> weigh_each(char const* operation, Rewards const& rewards, double beta,
                                                  Formula formula) {
  auto const reward = require::finite(operation, "reward", rewards);
  require::positive(operation, "beta", beta);
  std::vector<element_of_range<Rewards>> weight(reward.size());
  for (std::size_t i = 0; i < weight.size(); ++i)
    weight[i] = static_cast<element_of_range<Rewards>>(formula(double(reward[i])));
  return weight;
}

/// exp(R / beta): Peters and Schaal 2007, "Reinforcement learning by reward-weighted regression". Exceeds
/// every bound for rewards far above beta (inf where the type ends): see the clipped and the normalised
/// forms.
template <score_range Rewards>
std::vector<element_of_range<Rewards>> exponential_weights(Rewards const& rewards, double beta) {
  return weigh_each("exponential_weights", rewards, beta, [=](double reward) { return exp(reward / beta); });
}

/// min(exp((R - baseline) / beta), max_weight): Peng et al. 2019, arXiv:1910.00177 (AWR).
template <score_range Rewards>
std::vector<element_of_range<Rewards>> clipped_weights(Rewards const& rewards, double baseline, double beta,
                                                       double max_weight = 20) {
  require::positive("clipped_weights", "max_weight", max_weight);
  if (!std::isfinite(baseline))
    throw value_error(message("clipped_weights: baseline is ", baseline, ", expected a finite number"));
  return weigh_each("clipped_weights", rewards, beta,
                    [=](double reward) { return min(exp((reward - baseline) / beta), max_weight); });
}

/// sigmoid(R / beta): bounded by 1, keeps a part of bad samples.
template <score_range Rewards>
std::vector<element_of_range<Rewards>> sigmoid_weights(Rewards const& rewards, double beta) {
  return weigh_each("sigmoid_weights", rewards, beta, [=](double reward) { return sigmoid(reward / beta); });
}

/// softmax(R / beta) within groups of consecutive samples: weights of a group sum to 1, and a constant added
/// to its rewards changes nothing. group_size = samples per prompt: normalised per prompt.
template <score_range Rewards>
std::vector<element_of_range<Rewards>> normalised_weights(Rewards const& rewards, double beta,
                                                          std::size_t group_size) {
  constexpr char const* operation = "normalised_weights";
  auto const reward               = require::finite(operation, "reward", rewards);
  require::positive(operation, "beta", beta);
  require::groups(operation, reward.size(), group_size);
  std::vector<element_of_range<Rewards>> weight(reward.size());
  for (std::size_t begin = 0; begin < reward.size(); begin += group_size) {
    auto const group = reward.subspan(begin, group_size);
    double best      = group[0];
    for (double const one : group) best = max(best, one);
    double sum = 0;
    for (double const one : group) sum += exp((one - best) / beta);
    for (std::size_t i = 0; i < group_size; ++i)
      weight[begin + i] = static_cast<element_of_range<Rewards>>(exp((double(group[i]) - best) / beta) / sum);
  }
  return weight;
}
/// The same over the whole batch.
template <score_range Rewards>
std::vector<element_of_range<Rewards>> normalised_weights(Rewards const& rewards, double beta) {
  return normalised_weights(rewards, beta,
                            require::not_empty("normalised_weights", "reward", rewards).size());
}

}  // namespace poft::preference
