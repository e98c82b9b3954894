// Anchored preference optimisation (zero) on single responses.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/kto.hpp"

namespace poft::objective {

/// D'Oosterlinck et al. 2024, arXiv:2408.06266, per response, with r = beta (log pi(y) - log pi_ref(y)):
///
///   L = w_D (1 - sigmoid(r))      for a desirable response
///   L = w_U sigmoid(r)            for an undesirable one
///
/// It is kto with a baseline of 0. TRL: KTO trainer with loss type "apo_zero_unpaired".
struct apo_zero_unpaired {
  double beta               = 0.1;
  double desirable_weight   = 1.0;
  double undesirable_weight = 1.0;

  static constexpr char const* name = "apo_zero_unpaired";
  using parameters                  = fields<field<"beta", &apo_zero_unpaired::beta>,
                            field<"desirable_weight", &apo_zero_unpaired::desirable_weight>,
                            field<"undesirable_weight", &apo_zero_unpaired::undesirable_weight>>;
  template <class S>
  using inputs = labelled_sequence<S>;

  template <class S>
  POFT_FN S operator()(labelled_sequence<S> const& sequence) const {
    return kto{beta, desirable_weight, undesirable_weight}.of_gain(log_ratio(sequence), sequence.desirable);
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "apo_zero_unpaired: beta must be > 0";
    if (!(desirable_weight >= 0)) return "apo_zero_unpaired: desirable_weight must be >= 0";
    return undesirable_weight >= 0 ? nullptr : "apo_zero_unpaired: undesirable_weight must be >= 0";
  }
};

}  // namespace poft::objective
