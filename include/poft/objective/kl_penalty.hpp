// The distance to a reference model as a term of the loss: alone, and added to any policy-gradient surrogate.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/joined_fields.hpp"
#include "poft/objective/joined_name.hpp"
#include "poft/objective/kl_estimators.hpp"

namespace poft::objective {

/// L = coefficient * k(log pi - log pi_ref), k one of objective/kl_estimators.hpp.
template <class Estimator>
struct kl_penalty {
  double coefficient = 1.0;

  struct prefix {
    static constexpr char const* name = "kl";
  };
  static constexpr char const* name = joined_name<prefix, Estimator>::text;
  using parameters                  = fields<field<"coefficient", &kl_penalty::coefficient>>;
  template <class S>
  using inputs = reference_step<S>;

  template <class S>
  POFT_FN S operator()(reference_step<S> const& step) const {
    return constant<value_t<S>>(coefficient) * Estimator::of(step.log_prob - step.reference_log_prob);
  }

  constexpr char const* invalid() const {
    return coefficient > 0 ? nullptr : "kl_penalty: coefficient must be > 0";
  }
};

/// Surrogate plus kl_coefficient * k: with ppo_clip and k3 per token it is the loss of GRPO (Shao et al.
/// 2024, arXiv:2402.03300, eqs. 3 and 4). A coefficient of 0 leaves the term out, however far the
/// reference is.
///
///   with_kl<ppo_clip, k3> const grpo{{.eps_low = 0.2, .eps_high = 0.2}, 0.04};
template <class Surrogate, class Estimator>
struct with_kl : Surrogate {
  double kl_coefficient = 0.04;

  static constexpr char const* name = joined_name<Surrogate, Estimator>::text;
  using parameters                  = joined_fields_t<typename Surrogate::parameters,
                                     fields<field<"kl_coefficient", &with_kl::kl_coefficient>>>;
  template <class S>
  using inputs = anchored_policy_step<S>;

  template <class S>
  POFT_FN S operator()(anchored_policy_step<S> const& step) const {
    using T      = value_t<S>;
    S const loss = Surrogate::operator()(step);
    if (constant<element_t<S>>(kl_coefficient) == constant<element_t<S>>(0)) return loss;
    S const distance = step.log_prob - step.reference_log_prob;
    S const penalty  = constant<T>(kl_coefficient) * Estimator::of(distance);
    if constexpr (!std::is_same_v<Estimator, k3>) {
      return loss + penalty;
    } else {
      // |A| rho and k3 may both exceed the type, with slopes +inf and -inf: the larger one decides.
      T const log_loss    = stop_gradient(log_importance_ratio(step)) + log(abs(step.advantage));
      T const log_penalty = log(constant<T>(kl_coefficient)) - stop_gradient(distance);
      T const infinity    = constant<T>(INFINITY);
      return select(loss < infinity, loss + penalty, select(log_loss > log_penalty, loss, penalty));
    }
  }

  constexpr char const* invalid() const {
    if (char const* problem = Surrogate::invalid()) return problem;
    return kl_coefficient >= 0 ? nullptr : "with_kl: kl_coefficient must be >= 0";
  }
};

}  // namespace poft::objective
