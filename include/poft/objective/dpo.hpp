// Direct preference optimisation.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Rafailov et al. 2023, arXiv:2305.18290, eq. 7:
///
///   L = -log sigmoid( beta [ (log pi(y_w) - log pi_ref(y_w)) - (log pi(y_l) - log pi_ref(y_l)) ] )
///
/// y_w = chosen, y_l = rejected, summed log-probs; written softplus(-x), which does not overflow.
///
/// Two variants change what enters, not the formula: LD-DPO shortens the sums
/// (preference::length_desensitised_sum), WPO weights the pairs (preference::wpo_pair_weight, given as the
/// batch's weights).
struct dpo {
  double beta = 0.1;

  static constexpr char const* name = "dpo";
  using parameters                  = fields<field<"beta", &dpo::beta>>;
  template <class S>
  using inputs = preference_pair<S>;

  /// Every loss of the margin alone can be had on another margin: per token, without reference, through an
  /// f-divergence.
  template <class S>
  POFT_FN S of_margin(S margin) const {
    return softplus(-(constant<value_t<S>>(beta) * margin));
  }
  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    return of_margin(margin(pair));
  }

  constexpr char const* invalid() const { return beta > 0 ? nullptr : "dpo: beta must be > 0"; }
};

}  // namespace poft::objective
