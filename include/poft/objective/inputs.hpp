// The named inputs of objectives. Nothing can be swapped by position, and chosen/rejected/reference keep that order.
// SPDX-License-Identifier: MIT
//
// S is the scalar type of the formula (double, a dual number, a pack of lanes). Live members have type S and receive a
// gradient; frozen ones have its value type and cannot. The same struct over std::span is a batch in structure-of-arrays
// form, and over spans of mutable elements it is the batch's gradient. `live` and `frozen` name the members once for
// everything that is generated: batch loops, kernels, the golden checker, the CSV tool.
//
// Log-probs are *sums* over the response's tokens, in nats; token counts stand beside them where a paper divides, and the
// formula itself divides. A caller who holds per-token means passes them with a count of 1.
#pragma once

#include "poft/scalar/fields.hpp"
#include "poft/scalar/functions.hpp"

namespace poft {

/// A chosen and a rejected response to one prompt, under the policy and a frozen reference model.
template <class S>
struct preference_pair {
  S chosen{}, rejected{};                                   // log pi(y_w | x), log pi(y_l | x)
  value_t<S> reference_chosen{}, reference_rejected{};      // log pi_ref(y_w | x), log pi_ref(y_l | x)

  using live   = fields<field<"chosen", &preference_pair::chosen>, field<"rejected", &preference_pair::rejected>>;
  using frozen = fields<field<"reference_chosen", &preference_pair::reference_chosen>,
                        field<"reference_rejected", &preference_pair::reference_rejected>>;
};

/// log pi(y_w) / pi_ref(y_w).
template <class S>
POFT_FN S chosen_log_ratio(preference_pair<S> const& pair) {
  return pair.chosen - pair.reference_chosen;
}
/// log pi(y_l) / pi_ref(y_l).
template <class S>
POFT_FN S rejected_log_ratio(preference_pair<S> const& pair) {
  return pair.rejected - pair.reference_rejected;
}
/// How much more the policy prefers y_w to y_l than the reference does: the difference of the two log-ratios.
template <class S>
POFT_FN S margin(preference_pair<S> const& pair) {
  return chosen_log_ratio(pair) - rejected_log_ratio(pair);
}

}  // namespace poft
