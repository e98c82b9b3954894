// Adam with decoupled weight decay; plain Adam where the decay is 0.
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
#include "poft/scalar/functions.hpp"  // constant, select, sqrt
#include "poft/train/step.hpp"

namespace poft {

/// One step for one element, on plain numbers, packs or a CUDA thread, with what depends on the step number
/// put into its constants. Kingma and Ba 2015, arXiv:1412.6980, algorithm 1, with the decay of Loshchilov and
/// Hutter 2019, arXiv:1711.05101, algorithm 2, in torch.optim.AdamW's form: the decay is multiplied by the
/// learning rate.
template <class S>
struct adamw_step {
  S beta1, one_minus_beta1, beta2, one_minus_beta2;
  S decay;                    // learning_rate weight_decay
  S rate;                     // learning_rate / (1 - beta1^t)
  S inverse_root_correction;  // 1 / sqrt(1 - beta2^t)
  S eps;

  ///   m <- beta1 m + (1 - beta1) g     v <- beta2 v + (1 - beta2) g^2
  ///   p <- p - learning_rate (weight_decay p + (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps))
  /// Decay and update are subtracted at once: with a decay of 1e-7, (1 - 1e-7) p in float would shrink p by
  /// 1.2e-7. Where the denominator is 0 (eps = 0 and no gradient so far) only the decay acts.
  POFT_FN void operator()(S& parameter, S& first_moment, S& second_moment, S gradient) const {
    first_moment  = beta1 * first_moment + one_minus_beta1 * gradient;
    second_moment = beta2 * second_moment + one_minus_beta2 * (gradient * gradient);
    S const size  = sqrt(second_moment) * inverse_root_correction + eps;
    S const zero  = constant<S>(0);
    S const move  = select(size > zero, rate * first_moment / size, zero);
    parameter     = parameter - (decay * parameter + move);
  }

  /// The same step on packs of S.
  template <class Lanes>
  POFT_FN adamw_step<Lanes> on() const {
    return {Lanes(beta1), Lanes(one_minus_beta1),         Lanes(beta2), Lanes(one_minus_beta2), Lanes(decay),
            Lanes(rate),  Lanes(inverse_root_correction), Lanes(eps)};
  }
};

/// What the steps so far leave behind; part of a checkpoint.
template <class T>
struct adamw_state {
  std::int64_t steps = 0;
  std::vector<T> first_moment, second_moment;

  adamw_state() = default;
  explicit adamw_state(std::size_t parameters) : first_moment(parameters), second_moment(parameters) {}
};

/// The defaults are torch.optim.AdamW's.
struct adamw {
  double beta1        = 0.9;
  double beta2        = 0.999;
  double eps          = 1e-8;
  double weight_decay = 0.01;

  void check() const {
    if (!(beta1 >= 0 && beta1 < 1)) {
      throw value_error(message("adamw: beta1 is ", beta1, ", expected 0 <= beta1 < 1"));
    }
    if (!(beta2 >= 0 && beta2 < 1)) {
      throw value_error(message("adamw: beta2 is ", beta2, ", expected 0 <= beta2 < 1"));
    }
    if (!(eps >= 0 && std::isfinite(eps))) {
      throw value_error(message("adamw: eps is ", eps, ", expected finite and >= 0"));
    }
    if (!(weight_decay >= 0 && std::isfinite(weight_decay))) {
      throw value_error(message("adamw: weight_decay is ", weight_decay, ", expected finite and >= 0"));
    }
  }

  /// Step number t counts from 1.
  template <class S>
  adamw_step<S> step(std::int64_t t, double learning_rate) const {
    // 1 - beta^t, which cancels for beta near 1 (0.999999 and t = 2 would keep 10 digits).
    auto const one_minus_power = [t](double beta) {
      return -std::expm1(static_cast<double>(t) * std::log(beta));
    };
    return {constant<S>(beta1),
            constant<S>(1 - beta1),
            constant<S>(beta2),
            constant<S>(1 - beta2),
            constant<S>(learning_rate * weight_decay),
            constant<S>(learning_rate / one_minus_power(beta1)),
            constant<S>(1 / std::sqrt(one_minus_power(beta2))),
            constant<S>(eps)};
  }

  /// parameters, gradients: [parameters]; the parameters and the state are updated in place. `learning_rate`
  /// is that of this step: the base rate times the schedule's factor.
  template <class T>
  void update(adamw_state<T>& state, std::span<std::type_identity_t<T>> parameters,
              std::span<std::type_identity_t<T> const> gradients, double learning_rate) const {
    check();
    require_learning_rate("adamw", learning_rate);
    require_lengths("adamw", parameters.size(), gradients.size(), state.first_moment.size());
    require_lengths("adamw", parameters.size(), gradients.size(), state.second_moment.size());
    auto const one_step = step<T>(++state.steps, learning_rate);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      one_step(parameters[i], state.first_moment[i], state.second_moment[i], gradients[i]);
    }
  }
};

}  // namespace poft
