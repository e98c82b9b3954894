// Stochastic gradient descent with momentum, Nesterov's variant and L2 decay.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "poft/core/config.hpp"
#include "poft/core/error.hpp"
#include "poft/scalar/functions.hpp"  // constant
#include "poft/train/step.hpp"

namespace poft {

/// One step for one element, on plain numbers, packs or a CUDA thread; the rule is torch.optim.SGD's with
/// dampening 0.
template <class S>
struct sgd_step {
  S learning_rate, momentum, weight_decay;
  bool nesterov;

  ///   g <- g + weight_decay p        v <- momentum v + g        p <- p - learning_rate v
  /// with g + momentum v in place of the last v for Nesterov. v starts at 0, so the first step sets it to g.
  POFT_FN void operator()(S& parameter, S& velocity, S gradient) const {
    S const decayed = gradient + weight_decay * parameter;
    velocity        = momentum * velocity + decayed;
    parameter       = parameter - learning_rate * (nesterov ? decayed + momentum * velocity : velocity);
  }

  /// The same step on packs of S.
  template <class Lanes>
  POFT_FN sgd_step<Lanes> on() const {
    return {Lanes(learning_rate), Lanes(momentum), Lanes(weight_decay), nesterov};
  }
};

/// What the steps so far leave behind; part of a checkpoint.
template <class T>
struct sgd_state {
  std::int64_t steps = 0;
  std::vector<T> velocity;

  sgd_state() = default;
  explicit sgd_state(std::size_t parameters) : velocity(parameters) {}
};

struct sgd {
  double momentum     = 0;
  double weight_decay = 0;
  bool nesterov       = false;

  void check() const {
    if (!(momentum >= 0 && momentum < 1)) {
      throw value_error(message("sgd: momentum is ", momentum, ", expected 0 <= momentum < 1"));
    }
    if (!(weight_decay >= 0 && std::isfinite(weight_decay))) {
      throw value_error(message("sgd: weight_decay is ", weight_decay, ", expected finite and >= 0"));
    }
    if (nesterov && momentum == 0) throw value_error("sgd: nesterov with momentum 0, expected momentum > 0");
  }

  template <class S>
  sgd_step<S> step(double learning_rate) const {
    return {constant<S>(learning_rate), constant<S>(momentum), constant<S>(weight_decay), nesterov};
  }

  /// parameters, gradients: [parameters]; the parameters and the state are updated in place. `learning_rate`
  /// is that of this step: the base rate times the schedule's factor.
  template <class T>
  void update(sgd_state<T>& state, std::span<std::type_identity_t<T>> parameters,
              std::span<std::type_identity_t<T> const> gradients, double learning_rate) const {
    check();
    require_learning_rate("sgd", learning_rate);
    require_lengths("sgd", parameters.size(), gradients.size(), state.velocity.size());
    ++state.steps;
    auto const one_step = step<T>(learning_rate);
    for (std::size_t i = 0; i < parameters.size(); ++i)
      one_step(parameters[i], state.velocity[i], gradients[i]);
  }
};

}  // namespace poft
