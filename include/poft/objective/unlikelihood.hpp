// Unlikelihood: pushes the probability of what should not be said towards zero.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// Welleck et al. 2020, arXiv:1908.04319, the term of eqs. 4 and 7 for one unwanted token (or sequence):
///
///   L = -log(1 - pi(c))
///
/// Token level (eq. 4): alpha times this over the candidates c of a place (earlier_targets of
/// head/earlier_targets.hpp), added to nll_sum. Sequence level (eq. 7): this over sampled tokens with weight
/// 1 inside repeated n-grams, else 0 (objective/repeated_ngrams.hpp), the count being *all* tokens, as in
/// their code. They clip 1 - pi at 1e-5 and 1e-20, which stops the gradient exactly where it is needed; here
/// it is exact, infinite only at pi = 1.
struct unlikelihood {
  static constexpr char const* name = "unlikelihood";
  using parameters                  = fields<>;
  template <class S>
  using inputs = token<S>;

  template <class S>
  POFT_FN S operator()(token<S> const& unwanted) const {
    return -log1mexp(unwanted.log_prob);
  }

  constexpr char const* invalid() const { return nullptr; }
};

}  // namespace poft::objective
