// SAPO: a smooth gate in place of PPO's clip.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// Gao et al. 2025, soft adaptive policy optimisation, arXiv:2511.20347 (formula as in TRL and verl):
///
///   L = -(4 / tau) sigmoid( tau (rho - 1) ) A
///
/// tau = temperature_positive where A > 0, else temperature_negative.
/// On policy (rho = 1) its gradient is REINFORCE's. Past a log-ratio of 80 the gate is flat in every
/// type: the argument is held there, or 0 (the gate's slope) would meet an infinite ratio.
struct sapo {
  double temperature_positive = 1.0;
  double temperature_negative = 1.05;

  static constexpr char const* name = "sapo";
  using parameters                  = fields<field<"temperature_positive", &sapo::temperature_positive>,
                            field<"temperature_negative", &sapo::temperature_negative>>;
  template <class S>
  using inputs = policy_step<S>;

  template <template <class> class Step, class S>
  POFT_FN S operator()(Step<S> const& step) const {
    using T       = value_t<S>;
    S const ratio = exp(min(log_importance_ratio(step), S(constant<T>(80))));
    auto gate     = [&](double temperature) {
      T const tau = constant<T>(temperature);
      return constant<T>(4) / tau * sigmoid(tau * (ratio - constant<T>(1)));
    };
    S const chosen =
        select(step.advantage > constant<T>(0), gate(temperature_positive), gate(temperature_negative));
    return -(step.advantage * chosen);
  }

  constexpr char const* invalid() const {
    if (!(temperature_positive > 0)) return "sapo: temperature_positive must be > 0";
    return temperature_negative > 0 ? nullptr : "sapo: temperature_negative must be > 0";
  }
};

}  // namespace poft::objective
