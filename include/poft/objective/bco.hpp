// Binary classifier optimisation: the reward as the logit of "desirable".
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Jung et al. 2024, arXiv:2404.04656, with the reward r = beta (log pi(y) - log pi_ref(y)):
///
///   L = -log sigmoid(r - delta)        for a desirable response
///   L = -log sigmoid(-(r - delta))     for an undesirable one
///
/// delta = baseline, in reward units (beta included), frozen: the running mean of all rewards,
/// preference::running_shift. The paper's weights for the underlying distribution of prompts are the batch's
/// weights.
struct bco {
  double beta = 0.1;

  static constexpr char const* name = "bco";
  using parameters                  = fields<field<"beta", &bco::beta>>;
  template <class S>
  using inputs = labelled_sequence_with_baseline<S>;

  template <class S>
  POFT_FN S operator()(labelled_sequence_with_baseline<S> const& sequence) const {
    using V         = value_t<S>;
    V const against = select(sequence.desirable > constant<V>(0.5), constant<V>(-1), constant<V>(1));
    return softplus(against * (constant<V>(beta) * log_ratio(sequence) - sequence.baseline));
  }

  constexpr char const* invalid() const { return beta > 0 ? nullptr : "bco: beta must be > 0"; }
};

}  // namespace poft::objective
