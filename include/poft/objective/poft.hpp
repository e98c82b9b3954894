// Preference-oriented supervised fine-tuning.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// Fan et al. 2024, arXiv:2412.12865, eq. 5 (beta and gamma as in the authors' code, where they are 1 and 0):
///
///   L = -log sigmoid( beta [ (1/T) log pi(y | x) - r_LLM(x, y) ] + gamma )
///
/// r_LLM = aligned_score: the sample is preferred to what aligned models would say of it. A model
/// comparison by Bradley-Terry on ordinary data, no pairs.
struct poft {
  double beta  = 1.0;
  double gamma = 0.0;

  static constexpr char const* name = "poft";
  using parameters                  = fields<field<"beta", &poft::beta>, field<"gamma", &poft::gamma>>;
  template <class S>
  using inputs = scored_sequence<S>;

  template <class S>
  POFT_FN S operator()(scored_sequence<S> const& sample) const {
    return softplus(-log_odds_of_win(sample));
  }

  /// Eqs. 8 and 9: the gradient is beta tau times that of the per-token likelihood,
  ///
  ///   tau = exp(r_LLM) / (exp(r_LLM) + exp(r_theta))        (beta = 1, gamma = 0)
  ///
  /// so samples that aligned models find unlikely pull less, and none pulls once the policy is ahead.
  template <class T>
  POFT_FN T tau(scored_sequence<T> const& sample) const {
    return sigmoid(-log_odds_of_win(sample));
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "poft: beta must be > 0";
    return gamma - gamma == 0 ? nullptr : "poft: gamma must be finite";
  }

 private:
  template <class S>
  POFT_FN S log_odds_of_win(scored_sequence<S> const& sample) const {
    using T = value_t<S>;
    return constant<T>(beta) * (sample.log_prob / sample.tokens - sample.aligned_score) + constant<T>(gamma);
  }
};

}  // namespace poft::objective
