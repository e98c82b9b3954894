// Kahneman-Tversky optimisation: desirable and undesirable responses without pairs.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Ethayarajh et al. 2024, arXiv:2402.01306, with a = log pi(y) - log pi_ref(y):
///
///   L = w_D (1 - sigmoid(beta (a - z)))      for a desirable response
///   L = w_U (1 - sigmoid(beta (z - a)))      for an undesirable one
///
/// z = baseline >= 0, in units of log-ratios (beta multiplies it), the same for the batch and frozen: one of
/// the estimators of preference/kl_baseline.hpp. w_D, w_U = desirable_weight, undesirable_weight. The mean is
/// over all examples. The paired form of LLaMA-Factory (kto_pair) is this one with each half's baseline from
/// the other half.
struct kto {
  double beta               = 0.1;
  double desirable_weight   = 1.0;
  double undesirable_weight = 1.0;

  static constexpr char const* name = "kto";
  using parameters = fields<field<"beta", &kto::beta>, field<"desirable_weight", &kto::desirable_weight>,
                            field<"undesirable_weight", &kto::undesirable_weight>>;
  template <class S>
  using inputs = labelled_sequence_with_baseline<S>;

  /// The loss of a response whose log-ratio exceeds the baseline by `gain`. 1 - sigmoid(x) is written
  /// sigmoid(-x).
  template <class S>
  POFT_FN S of_gain(S gain, value_t<S> desirable) const {
    using V      = value_t<S>;
    V const one  = constant<V>(1);
    V const good = select(desirable > constant<V>(0.5), one, constant<V>(0)), bad = one - good;
    V const weight = good * constant<V>(desirable_weight) + bad * constant<V>(undesirable_weight);
    V const slope  = (bad - good) * constant<V>(beta);
    return weight * sigmoid(slope * gain);
  }
  template <class S>
  POFT_FN S operator()(labelled_sequence_with_baseline<S> const& sequence) const {
    return of_gain(log_ratio(sequence) - sequence.baseline, sequence.desirable);
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "kto: beta must be > 0";
    if (!(desirable_weight >= 0)) return "kto: desirable_weight must be >= 0";
    return undesirable_weight >= 0 ? nullptr : "kto: undesirable_weight must be >= 0";
  }
};

}  // namespace poft::objective
