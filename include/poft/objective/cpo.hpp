// Contrastive preference optimisation.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/cdpo.hpp"

namespace poft::objective {

/// Xu et al. 2024, arXiv:2401.08417:
///
///   L = -(1 - eps) log sigmoid(beta d) - eps log sigmoid(-beta d) - c log pi(y_w) / T_w
///   d = log pi(y_w) - log pi(y_l)
///
/// eps = label_smoothing, c = nll_coefficient, T_w = chosen_tokens (rejected_tokens is not used). The paper's
/// likelihood term is the sum, which a token count of 1 gives; TRL and Liger take its mean over the tokens of
/// the batch. TRL calls c cpo_alpha.
struct cpo {
  double beta            = 0.1;
  double label_smoothing = 0.0;
  double nll_coefficient = 1.0;

  static constexpr char const* name = "cpo";
  using parameters = fields<field<"beta", &cpo::beta>, field<"label_smoothing", &cpo::label_smoothing>,
                            field<"nll_coefficient", &cpo::nll_coefficient>>;
  template <class S>
  using inputs = reference_free_pair<S>;

  template <class S>
  POFT_FN S operator()(reference_free_pair<S> const& pair) const {
    S const preference = cdpo{beta, label_smoothing}.of_margin(margin(pair));
    return preference + constant<value_t<S>>(nll_coefficient) * chosen_mean_nll(pair);
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "cpo: beta must be > 0";
    if (!is_label_noise(label_smoothing)) return "cpo: label_smoothing must be in [0, 1/2)";
    return nll_coefficient >= 0 ? nullptr : "cpo: nll_coefficient must be >= 0";
  }
};

}  // namespace poft::objective
