// PoFT in two directions: clean samples are preferred to the aligned models' opinion, noise is not.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// Fan et al. 2024, arXiv:2412.12865, fig. 5, uses a bi-directional form on data that is partly known to
/// be noise. Its definition was not available to us; this reading is ours:
///
///   clean:  L = -log sigmoid( beta [ (1/T) log pi(y | x) - r_LLM(x, y) ] + gamma )
///   noise:  L = -log sigmoid( beta [ r_LLM(x, y) - (1/T) log pi(y | x) ] + gamma )
struct bi_poft {
  double beta  = 1.0;
  double gamma = 0.0;

  static constexpr char const* name = "bi_poft";
  using parameters                  = fields<field<"beta", &bi_poft::beta>, field<"gamma", &bi_poft::gamma>>;
  template <class S>
  using inputs = labelled_scored_sequence<S>;

  template <class S>
  POFT_FN S operator()(labelled_scored_sequence<S> const& sample) const {
    using T      = value_t<S>;
    S const lead = sample.log_prob / sample.tokens - sample.aligned_score;
    S const won  = select(sample.clean > constant<T>(0.5), lead, -lead);
    return softplus(-(constant<T>(beta) * won + constant<T>(gamma)));
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "bi_poft: beta must be > 0";
    return gamma - gamma == 0 ? nullptr : "bi_poft: gamma must be finite";
  }
};

}  // namespace poft::objective
