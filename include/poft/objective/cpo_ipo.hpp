// Contrastive preference optimisation with the loss of IPO.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/ipo.hpp"

namespace poft::objective {

/// cpo (Xu et al. 2024, arXiv:2401.08417) with the squared loss of ipo_norm, as TRL has it:
///
///   L = ( log pi(y_w) / T_w - log pi(y_l) / T_l - 1 / (2 beta) )^2 - c log pi(y_w) / T_w
///
/// c = nll_coefficient, T = chosen_tokens, rejected_tokens. TRL: CPO with loss type "ipo"; its beta is ipo's
/// tau.
struct cpo_ipo {
  double beta            = 0.1;
  double nll_coefficient = 1.0;

  static constexpr char const* name = "cpo_ipo";
  using parameters =
      fields<field<"beta", &cpo_ipo::beta>, field<"nll_coefficient", &cpo_ipo::nll_coefficient>>;
  template <class S>
  using inputs = reference_free_pair<S>;

  template <class S>
  POFT_FN S operator()(reference_free_pair<S> const& pair) const {
    return ipo{beta}.of_margin(mean_margin(pair)) +
           constant<value_t<S>>(nll_coefficient) * chosen_mean_nll(pair);
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "cpo_ipo: beta must be > 0";
    return nll_coefficient >= 0 ? nullptr : "cpo_ipo: nll_coefficient must be >= 0";
  }
};

}  // namespace poft::objective
