// SimPO with the likelihood term of CPO.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/simpo.hpp"

namespace poft::objective {

/// Meng et al. 2024, arXiv:2405.14734, and Xu et al. 2024, arXiv:2401.08417, combined as TRL does (CPO with
/// loss type "simpo" and cpo_alpha > 0); sft_weight in SimPO's own code:
///
///   L = simpo - c log pi(y_w) / T_w
///
/// c = nll_coefficient, T_w = chosen_tokens.
struct cpo_simpo {
  double beta            = 2.0;
  double gamma           = 0.5;
  double nll_coefficient = 1.0;

  static constexpr char const* name = "cpo_simpo";
  using parameters = fields<field<"beta", &cpo_simpo::beta>, field<"gamma", &cpo_simpo::gamma>,
                            field<"nll_coefficient", &cpo_simpo::nll_coefficient>>;
  template <class S>
  using inputs = reference_free_pair<S>;

  template <class S>
  POFT_FN S operator()(reference_free_pair<S> const& pair) const {
    return simpo{beta, gamma}(pair) + constant<value_t<S>>(nll_coefficient) * chosen_mean_nll(pair);
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "cpo_simpo: beta must be > 0";
    if (!(gamma >= 0)) return "cpo_simpo: gamma must be >= 0";
    return nll_coefficient >= 0 ? nullptr : "cpo_simpo: nll_coefficient must be >= 0";
  }
};

}  // namespace poft::objective
