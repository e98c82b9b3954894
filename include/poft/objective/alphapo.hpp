// SimPO with a reshaped reward.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/simpo.hpp"
#include "poft/scalar/exponential_difference.hpp"

namespace poft::objective {

/// Gupta et al. 2025, arXiv:2501.03884, with the mean log-prob p = log pi(y) / T of each response:
///
///   L = -log sigmoid( beta [R(p_w) - R(p_l)] - gamma ),      R(p) = (1 - exp(-alpha p)) / alpha
///
/// T = chosen_tokens, rejected_tokens; alpha = 0 is simpo. Only the difference of rewards is formed, so
/// nothing cancels for small alpha and no inf - inf arises where both overflow. TRL: CPO with loss type
/// "alphapo".
struct alphapo {
  double beta  = 2.5;
  double gamma = 0.5;
  double alpha = 0.25;

  static constexpr char const* name = "alphapo";
  using parameters =
      fields<field<"beta", &alphapo::beta>, field<"gamma", &alphapo::gamma>, field<"alpha", &alphapo::alpha>>;
  template <class S>
  using inputs = reference_free_pair<S>;

  template <class S>
  POFT_FN S operator()(reference_free_pair<S> const& pair) const {
    S const chosen = pair.chosen / pair.chosen_tokens, rejected = pair.rejected / pair.rejected_tokens;
    return simpo{beta, gamma}.of_margin(
        exponential_difference(chosen, rejected, -constant<value_t<S>>(alpha)));
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "alphapo: beta must be > 0";
    if (!(gamma >= 0)) return "alphapo: gamma must be >= 0";
    return alpha - alpha == 0 ? nullptr : "alphapo: alpha must be finite";
  }
};

}  // namespace poft::objective
