// The bandit's world: contexts, the policy that made the data, and rewards with one peak.
// SPDX-License-Identifier: MIT
//
// Actions are 0 ... actions-1 for the categorical policy, numbers in [-1, 1] for the continuous ones, sequences of tokens
// 0 ... actions-1 for the token policy, whose reward is the mean over the new tokens. Rewards depend on the action alone; the
// contexts only perturb the network's input (Tajwar et al. 2024, arXiv:2404.14367, section 5).
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <string_view>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"

namespace poft::bandit {

/// R(a) = exp(-((a - peak) / width)^2).
struct peak_reward {
  double peak  = 70;
  double width = 10;

  double operator()(double action) const {
    double const distance = (action - peak) / width;
    return std::exp(-distance * distance);
  }
  bool operator==(peak_reward const&) const = default;
};

/// What an action is.
enum class action_kind { discrete, number, tokens };

struct named_reward {
  char const* name;
  peak_reward reward;
  action_kind over;
};
/// The paper's rewards under the official code's numbers.
inline constexpr std::array<named_reward, 9> named_rewards{{{"R1", {0.7, 0.75}, action_kind::number},
                                                            {"R2", {0.7, 0.25}, action_kind::number},
                                                            {"R3", {-0.7, 0.25}, action_kind::number},
                                                            {"R4", {70, 10}, action_kind::discrete},
                                                            {"R5", {20, 10}, action_kind::discrete},
                                                            {"R6", {70, 10}, action_kind::tokens},
                                                            {"R7", {20, 10}, action_kind::tokens},
                                                            {"R8", {70, 20}, action_kind::discrete},
                                                            {"R9", {70, 30}, action_kind::discrete}}};

/// "R4", or "peak:width" such as "70:10".
inline peak_reward parse_reward(std::string_view text) {
  for (named_reward const& known : named_rewards) {
    if (text == known.name) return known.reward;
  }
  peak_reward reward;
  std::size_t const colon = text.find(':');
  auto const read         = [](std::string_view digits, double& number) {
    auto const [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return problem == std::errc{} && end == digits.data() + digits.size() && std::isfinite(number);
  };
  if (colon == text.npos || !read(text.substr(0, colon), reward.peak) ||
      !read(text.substr(colon + 1), reward.width) || !(reward.width > 0)) {
    throw value_error(
        message("reward: \"", text, "\", expected peak:width with width > 0, or one of R1 ... R9"));
  }
  return reward;
}

/// P(X <= x) of a Cauchy variable.
inline double cauchy_probability(double x, double location, double scale) {
  return 0.5 + std::atan((x - location) / scale) / std::numbers::pi;
}

/// The location and scale of the data policy before it is squashed by tanh.
inline constexpr double data_location = -0.7;
inline constexpr double data_scale    = 0.4;

/// Probabilities of `bins` equal bins of [-1, 1] under tanh of a Cauchy variable, exactly: differences of its distribution
/// function at atanh of the edges. The end bins hold the squashed tails, 0.078 and 0.042 for the defaults.
inline std::vector<double> squashed_cauchy(int bins = 100, double location = data_location,
                                           double scale = data_scale) {
  std::vector<double> probability(static_cast<std::size_t>(bins));
  double below = 0;
  for (int bin = 0; bin < bins; ++bin) {
    double const edge  = -1 + 2.0 * (bin + 1) / bins;
    double const until = bin + 1 < bins ? cauchy_probability(std::atanh(edge), location, scale) : 1.0;
    probability[static_cast<std::size_t>(bin)] = until - below;
    below                                      = until;
  }
  return probability;
}

/// Throws unless the numbers are probabilities of `actions` actions (0: of any number of them, at least two).
inline void require_probabilities(std::vector<double> const& probability, std::size_t actions = 0) {
  if (actions != 0 && probability.size() != actions) {
    throw shape_error(message("data: ", probability.size(), " probabilities, expected ", actions));
  }
  if (probability.size() < 2) {
    throw shape_error(message("data: ", probability.size(), " probabilities, expected at least 2"));
  }
  double sum = 0;
  for (std::size_t i = 0; i < probability.size(); ++i) {
    if (!(probability[i] >= 0)) {
      throw value_error(message("data: probability ", i, " is ", probability[i], ", expected >= 0"));
    }
    sum += probability[i];
  }
  if (!(std::abs(sum - 1) <= 1e-6))
    throw value_error(message("data: the probabilities sum to ", sum, ", expected 1"));
}

/// The contexts of the one-step policies: numbers in [0, 1].
inline constexpr std::ptrdiff_t context_features = 100;

/// Continuous actions are held away from -1 and 1, where tanh has no inverse.
template <class T>
T clamp_action(T action) {
  return std::clamp(action, T(-0.99), T(0.99));
}

/// Streams of random numbers, so that every use of a seed has its own: two learners of one seed see the same contexts, the
/// same first policy and, as long as their policies agree, the same samples.
enum class stream : std::uint64_t {
  contexts,
  held_out,
  network,
  fit,
  prompts,
  minibatches,
  samples,
  evaluation
};
inline random_stream random_of(std::uint64_t seed, stream use, std::uint64_t number = 0) {
  return random_stream(seed, static_cast<std::uint64_t>(use) << 56 | number);
}

inline std::vector<random_stream> streams_of(std::span<std::uint64_t const> seeds, stream use,
                                             std::uint64_t number = 0) {
  std::vector<random_stream> out;
  for (std::uint64_t const seed : seeds) out.push_back(random_of(seed, use, number));
  return out;
}
inline void require_streams(char const* policy, std::size_t streams, std::ptrdiff_t networks) {
  if (static_cast<std::ptrdiff_t>(streams) == networks) return;
  throw shape_error(message(policy, " sample: ", streams, " random streams, expected ", networks,
                            ", one for each network"));
}

/// Contexts as the policy takes them, [prompts, policy.context_width()]. The first rows are the same for any number of prompts.
template <class Policy>
std::vector<typename Policy::context> random_contexts(Policy const& policy, random_stream random,
                                                      std::ptrdiff_t prompts) {
  std::vector<typename Policy::context> contexts(static_cast<std::size_t>(prompts * policy.context_width()));
  for (auto& number : contexts) number = policy.draw_context(random);
  return contexts;
}

}  // namespace poft::bandit
