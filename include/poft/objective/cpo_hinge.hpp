// Contrastive preference optimisation with the hinge loss.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/hinge.hpp"

namespace poft::objective {

/// cpo (Xu et al. 2024, arXiv:2401.08417) with hinge in the place of the sigmoid, as TRL has it:
///
///   L = max(0, 1 - beta [log pi(y_w) - log pi(y_l)]) - c log pi(y_w) / T_w
///
/// c = nll_coefficient, T_w = chosen_tokens (rejected_tokens is not used). TRL: CPO with loss type "hinge".
struct cpo_hinge {
  double beta            = 0.1;
  double nll_coefficient = 1.0;

  static constexpr char const* name = "cpo_hinge";
  using parameters =
      fields<field<"beta", &cpo_hinge::beta>, field<"nll_coefficient", &cpo_hinge::nll_coefficient>>;
  template <class S>
  using inputs = reference_free_pair<S>;

  template <class S>
  POFT_FN S operator()(reference_free_pair<S> const& pair) const {
    return hinge{beta}.of_margin(margin(pair)) +
           constant<value_t<S>>(nll_coefficient) * chosen_mean_nll(pair);
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "cpo_hinge: beta must be > 0";
    return nll_coefficient >= 0 ? nullptr : "cpo_hinge: nll_coefficient must be >= 0";
  }
};

}  // namespace poft::objective
