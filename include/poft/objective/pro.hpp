// Preference ranking optimisation.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/list_inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Song et al. 2024, arXiv:2306.17492, eqs. 8 to 10, responses in descending order of their reward R:
///
///   L = sum_{k < K-1} { log[ exp(t_kk s_k) + sum_{j > k} exp(t_kj s_j) ] - t_kk s_k } - c log pi(y_0)
///
/// s = log pi / T, the mean per token; t_kj = R_k - R_j, t_kk = max_{j > k} t_kj: a response that is only
/// a little worse is hardly pushed away. c = nll_coefficient, 0.05 (K - 1)^2 in the authors' code on the
/// mean per token, here on the sum. Their code adds 1e-10 inside the logarithm, which distorts exponents
/// below -23; here log-sum-exp. All pairs: O(K^2).
struct pro {
  double nll_coefficient = 0.0;

  static constexpr char const* name = "pro";
  using parameters                  = fields<field<"nll_coefficient", &pro::nll_coefficient>>;
  template <class T>
  using inputs = sorted_list<T>;

  template <class T>
  POFT_FN T operator()(sorted_list<T> const& list, view<T> gradient) const {
    std::ptrdiff_t const items = list.log_prob.size();
    T const nll_weight = constant<T>(nll_coefficient), one = constant<T>(1);
    for (std::ptrdiff_t j = 0; j < items; ++j) gradient[j] = constant<T>(0);
    T loss = constant<T>(0);
    for (std::ptrdiff_t k = 0; k + 1 < items; ++k) {
      T widest = constant<T>(-INFINITY);  // t_kk
      for (std::ptrdiff_t j = k + 1; j < items; ++j) widest = max(widest, list.reward[k] - list.reward[j]);
      auto gap      = [&](std::ptrdiff_t j) { return j == k ? widest : list.reward[k] - list.reward[j]; };
      auto exponent = [&](std::ptrdiff_t j) { return gap(j) * (list.log_prob[j] / list.tokens[j]); };

      T peak = exponent(k), sum = constant<T>(0);
      for (std::ptrdiff_t j = k + 1; j < items; ++j) peak = max(peak, exponent(j));
      for (std::ptrdiff_t j = k; j < items; ++j) sum += exp(exponent(j) - peak);
      loss += (peak - exponent(k)) + log(sum);
      for (std::ptrdiff_t j = k; j < items; ++j) {
        T const share = exp(exponent(j) - peak) / sum;
        gradient[j] += gap(j) * (j == k ? share - one : share) / list.tokens[j];
      }
    }
    gradient[0] -= nll_weight;
    return loss - nll_weight * list.log_prob[0];
  }

  constexpr char const* invalid() const {
    return nll_coefficient >= 0 ? nullptr : "pro: nll_coefficient must be >= 0";
  }
};

}  // namespace poft::objective
