// Sequence likelihood calibration with human feedback.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// Zhao et al. 2023, arXiv:2305.10425:
///
///   L = max(0, delta - log pi(y_w) + log pi(y_l)) - lambda log pi(y_t)
///
/// y_t = target, the response that regularises: the supervised one, or the best candidate. Sums or means as
/// the caller gives them. The derivative at the kink is 0. HALOs calls delta beta.
struct slic {
  double delta  = 1.0;
  double lambda = 0.1;

  static constexpr char const* name = "slic";
  using parameters                  = fields<field<"delta", &slic::delta>, field<"lambda", &slic::lambda>>;
  template <class S>
  using inputs = reference_free_pair_with_target<S>;

  template <class S>
  POFT_FN S operator()(reference_free_pair_with_target<S> const& pair) const {
    S const shortfall = constant<value_t<S>>(delta) - (pair.chosen - pair.rejected);
    return max(constant<value_t<S>>(0), shortfall) - constant<value_t<S>>(lambda) * pair.target;
  }

  constexpr char const* invalid() const {
    if (!(delta >= 0)) return "slic: delta must be >= 0";
    return lambda >= 0 ? nullptr : "slic: lambda must be >= 0";
  }
};

}  // namespace poft::objective
