// Odds-ratio preference optimisation.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Hong et al. 2024, arXiv:2403.07691, with the mean log-prob p = log pi(y) / T of each response:
///
///   L = -c p_w - lambda log sigmoid( log_odds(p_w) - log_odds(p_l) ),      log_odds(p) = p - log(1 - exp(p))
///
/// T = chosen_tokens, rejected_tokens; c = nll_coefficient, 1 in the paper. The likelihood term is that of
/// the response, as in LLaMA-Factory; TRL's runs over prompt and response. TRL and Liger call lambda beta.
struct orpo {
  double lambda          = 0.1;
  double nll_coefficient = 1.0;

  static constexpr char const* name = "orpo";
  using parameters = fields<field<"lambda", &orpo::lambda>, field<"nll_coefficient", &orpo::nll_coefficient>>;
  template <class S>
  using inputs = reference_free_pair<S>;

  template <class S>
  POFT_FN S operator()(reference_free_pair<S> const& pair) const {
    S const log_odds_ratio = finite_log_odds(pair.chosen / pair.chosen_tokens) -
                             finite_log_odds(pair.rejected / pair.rejected_tokens);
    return constant<value_t<S>>(nll_coefficient) * chosen_mean_nll(pair) +
           constant<value_t<S>>(lambda) * softplus(-log_odds_ratio);
  }

  constexpr char const* invalid() const {
    if (!(lambda >= 0)) return "orpo: lambda must be >= 0";
    return nll_coefficient >= 0 ? nullptr : "orpo: nll_coefficient must be >= 0";
  }

 private:
  /// A mean of exactly 0 (or a hair above) has infinite odds of infinite slope. Its value is taken at -1e-30
  /// with the slope kept, so a certain chosen response has the derivative of the limit, -c - lambda
  /// odds(p_l); a tie stays one.
  template <class S>
  POFT_FN static S finite_log_odds(S mean) {
    auto const nearly_certain = constant<value_t<S>>(-1e-30);
    return log_odds(mean - max(constant<value_t<S>>(0), stop_gradient(mean) - nearly_certain));
  }
};

}  // namespace poft::objective
