// DPO with several rejected responses to one chosen one.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/list_inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Chen et al. 2024 (softmax-DPO), arXiv:2406.09215; the first place of a Plackett-Luce ranking:
///
///   L = log( 1 + sum_{j > 0} exp( beta [a_j - a_0] ) ),      a = log pi - log pi_ref
///
/// The chosen response is item 0. One rejected response: dpo. Written softplus(log sum exp), exact also
/// where the chosen response is far ahead.
struct multi_negative_dpo {
  double beta = 0.1;

  static constexpr char const* name = "multi_negative_dpo";
  using parameters                  = fields<field<"beta", &multi_negative_dpo::beta>>;
  template <class T>
  using inputs = chosen_first_list<T>;

  template <class T>
  POFT_FN T operator()(chosen_first_list<T> const& list, view<T> gradient) const {
    std::ptrdiff_t const items = list.log_prob.size();
    T const scale = constant<T>(beta), chosen = relative_to(list.reference_log_prob, list.log_prob, 0);
    auto lead = [&](std::ptrdiff_t j) {  // of a rejected response over the chosen one
      return scale * (relative_to(list.reference_log_prob, list.log_prob, j) - chosen);
    };

    T peak = constant<T>(-INFINITY), sum = constant<T>(0);
    for (std::ptrdiff_t j = 1; j < items; ++j) peak = max(peak, lead(j));
    for (std::ptrdiff_t j = 1; j < items; ++j) {
      gradient[j] = exp(lead(j) - peak);
      sum += gradient[j];
    }
    auto const both = softplus_and_sigmoid(peak + log(sum));
    for (std::ptrdiff_t j = 1; j < items; ++j) gradient[j] = scale * both.sigmoid * (gradient[j] / sum);
    gradient[0] = -(scale * both.sigmoid);
    return both.softplus;
  }

  constexpr char const* invalid() const {
    return beta > 0 ? nullptr : "multi_negative_dpo: beta must be > 0";
  }
};

}  // namespace poft::objective
