// Fitting a bandit policy to the data that pi_ref stands for, before anything is learned from rewards.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "poft/bandit/environment.hpp"
#include "poft/bandit/policy.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/train/optimiser.hpp"

namespace poft::bandit {

/// Whether expectations under the policy are sums over all its actions (of one row: a context, or a prefix of tokens); else
/// they are means over samples.
template <class Policy>
concept exact_policy = requires(Policy const& policy) {
  policy.log_probs();
};
/// Whether an action is a sequence of tokens. The rows are then the prefixes of the actions that log_prob() last saw.
template <class Policy>
concept sequence_policy = exact_policy<Policy> &&(Policy::elements > 1);

struct fit_settings {
  int steps            = 100;
  double learning_rate = 0.01;
  int contexts         = 20;  ///< fresh ones in every step
  int samples          = 10;  ///< per context, for the continuous policies; one sequence for tokens
};

/// log of probabilities, [1, actions]: -inf for 0.
template <class T>
std::vector<T> log_of(std::vector<double> const& probability) {
  std::vector<T> out(probability.size());
  std::transform(probability.begin(), probability.end(), out.begin(),
                 [](double p) { return static_cast<T>(std::log(p)); });
  return out;
}

/// Adam steps on KL(pi || data) for categorical policies (arXiv:2404.14367's code: 100 steps, rate 0.01), for tokens at
/// every prefix of sequences drawn from the data, token by token; on the likelihood of samples of the squashed Cauchy for
/// continuous ones, where the paper starts from unfitted policies. Networks side by side are fitted each with its seed.
template <template <class, class> class Policy, class Backend, class T>
void fit_to_data(Backend const& backend, Policy<Backend, T>& policy, std::vector<double> const& data,
                 std::span<std::uint64_t const> seeds, fit_settings const& settings = {}) {
  std::ptrdiff_t const each = settings.contexts, rows = std::ssize(seeds) * each;
  std::vector<random_stream> streams = streams_of(seeds, stream::fit);
  optimiser<Backend, T> adam(backend, adamw{.weight_decay = 0}, policy.parameters().size());
  backend_copy<Backend, T> values_copy, weight_copy;
  std::vector<typename Policy<Backend, T>::context> contexts(
      static_cast<std::size_t>(rows * policy.context_width()));
  for (int step = 0; step < settings.steps; ++step) {
    auto next = contexts.begin();
    for (random_stream& random : streams) {
      for (std::ptrdiff_t n = 0; n < each * policy.context_width(); ++n)
        *next++ = policy.draw_context(random);
    }
    policy.forward({contexts.data(), rows, policy.context_width()});
    policy.zero_gradient();
    if constexpr (exact_policy<Policy<Backend, T>>) {
      if constexpr (sequence_policy<Policy<Backend, T>>) {
        std::vector<typename Policy<Backend, T>::action> drawn;
        for (random_stream& random : streams) {
          for (std::ptrdiff_t n = 0; n < each; ++n) {
            for (int& token : drawn.emplace_back())
              token = static_cast<int>(random.categorical(view<double const>(data)));
          }
        }
        std::vector<T> unused(drawn.size() * policy.elements);
        policy.log_prob({drawn.data(), rows, 1}, {unused.data(), rows, policy.elements});
      }
      // The gradient of KL(pi || data) is that of the expectation of log pi - log data, frozen. An action that the data
      // exclude stands at the smallest log-prob that is still a number.
      std::ptrdiff_t const actions = policy.actions(), count = policy.rows();
      auto const log_probs = on_host(
          backend, std::span<T const>(policy.log_probs().data(), static_cast<std::size_t>(count * actions)));
      std::vector<T> values(log_probs.begin(), log_probs.end()),
          weight(static_cast<std::size_t>(count), T(1) / T(count / std::ssize(seeds)));
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] -= static_cast<T>(std::max(std::log(data[i % data.size()]), -100.0));
      policy.backward_expectation({values_copy.send(backend, values), count, actions},
                                  {weight_copy.send(backend, weight), count});
    } else {
      std::vector<T> actions(static_cast<std::size_t>(rows * settings.samples));
      std::vector<T> const d_log_prob(actions.size(), T(-1) / static_cast<T>(each * settings.samples));
      auto action = actions.begin();
      for (random_stream& random : streams) {
        for (std::ptrdiff_t n = 0; n < each * settings.samples; ++n) {
          *action++ = clamp_action(
              static_cast<T>(std::tanh(data_location + data_scale * random.template cauchy<double>())));
        }
      }
      policy.backward({actions.data(), rows, settings.samples}, {d_log_prob.data(), rows, settings.samples});
    }
    adam.update(policy.parameters(), policy.gradient(), settings.learning_rate);
  }
}

template <template <class, class> class Policy, class Backend, class T>
void fit_to_data(Backend const& backend, Policy<Backend, T>& policy, std::vector<double> const& data,
                 std::uint64_t seed, fit_settings const& settings = {}) {
  fit_to_data(backend, policy, data, std::span<std::uint64_t const>(&seed, 1), settings);
}

}  // namespace poft::bandit
