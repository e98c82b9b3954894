// The named inputs of objectives, always in one order: chosen, rejected, reference; no position to mix up.
// SPDX-License-Identifier: MIT
//
// S is the scalar type of the formula (double, a dual number, a pack of lanes). Live members have type S and
// receive a gradient; frozen ones have its value type and cannot. The same struct over std::span is a batch
// in structure-of-arrays form, and over spans of mutable elements it is the batch's gradient. `live` and
// `frozen` name the members once for everything that is generated: batch loops, kernels, the golden checker,
// the CSV tool.
//
// Log-probs are *sums* over the response's tokens, in nats; token counts stand beside them where a paper
// divides, and the formula itself divides. A caller who holds per-token means passes them with a count of 1.
#pragma once

#include "poft/scalar/fields.hpp"
#include "poft/scalar/functions.hpp"

namespace poft {

/// A chosen and a rejected response to one prompt, under the policy and a frozen reference model.
template <class S>
struct preference_pair {
  S chosen{}, rejected{};                               // log pi(y_w | x), log pi(y_l | x)
  value_t<S> reference_chosen{}, reference_rejected{};  // log pi_ref(y_w | x), log pi_ref(y_l | x)

  using live =
      fields<field<"chosen", &preference_pair::chosen>, field<"rejected", &preference_pair::rejected>>;
  using frozen = fields<field<"reference_chosen", &preference_pair::reference_chosen>,
                        field<"reference_rejected", &preference_pair::reference_rejected>>;
};

/// The same with the lengths of both responses.
template <class S>
struct preference_pair_with_tokens {
  S chosen{}, rejected{};
  value_t<S> reference_chosen{}, reference_rejected{};
  value_t<S> chosen_tokens{}, rejected_tokens{};  // T_w, T_l > 0

  using live   = fields<field<"chosen", &preference_pair_with_tokens::chosen>,
                      field<"rejected", &preference_pair_with_tokens::rejected>>;
  using frozen = fields<field<"reference_chosen", &preference_pair_with_tokens::reference_chosen>,
                        field<"reference_rejected", &preference_pair_with_tokens::reference_rejected>,
                        field<"chosen_tokens", &preference_pair_with_tokens::chosen_tokens>,
                        field<"rejected_tokens", &preference_pair_with_tokens::rejected_tokens>>;

  /// The pair without its lengths.
  POFT_FN operator preference_pair<S>() const {
    return {chosen, rejected, reference_chosen, reference_rejected};
  }
};

/// A preference pair whose verdict is uncertain.
template <class S>
struct preference_pair_with_win_probability {
  S chosen{}, rejected{};
  value_t<S> reference_chosen{}, reference_rejected{};
  value_t<S> win_probability{};  // P(y_w beats y_l), in [0, 1]

  using live = fields<field<"chosen", &preference_pair_with_win_probability::chosen>,
                      field<"rejected", &preference_pair_with_win_probability::rejected>>;
  using frozen =
      fields<field<"reference_chosen", &preference_pair_with_win_probability::reference_chosen>,
             field<"reference_rejected", &preference_pair_with_win_probability::reference_rejected>,
             field<"win_probability", &preference_pair_with_win_probability::win_probability>>;
};

/// A pair under the policy alone.
template <class S>
struct reference_free_pair {
  S chosen{}, rejected{};
  value_t<S> chosen_tokens{}, rejected_tokens{};  // T_w, T_l > 0

  using live   = fields<field<"chosen", &reference_free_pair::chosen>,
                      field<"rejected", &reference_free_pair::rejected>>;
  using frozen = fields<field<"chosen_tokens", &reference_free_pair::chosen_tokens>,
                        field<"rejected_tokens", &reference_free_pair::rejected_tokens>>;
};

/// A pair under the policy alone, and a third response that the policy should stay close to.
template <class S>
struct reference_free_pair_with_target {
  S chosen{}, rejected{}, target{};

  using live   = fields<field<"chosen", &reference_free_pair_with_target::chosen>,
                      field<"rejected", &reference_free_pair_with_target::rejected>,
                      field<"target", &reference_free_pair_with_target::target>>;
  using frozen = fields<>;
};

/// One response that somebody called desirable (1) or undesirable (0).
template <class S>
struct labelled_sequence {
  S log_prob{};
  value_t<S> reference_log_prob{};
  value_t<S> desirable{};  // 1 or 0

  using live   = fields<field<"log_prob", &labelled_sequence::log_prob>>;
  using frozen = fields<field<"reference_log_prob", &labelled_sequence::reference_log_prob>,
                        field<"desirable", &labelled_sequence::desirable>>;
};

/// The same beside a baseline that the batch computed first; the objective says in which unit.
template <class S>
struct labelled_sequence_with_baseline {
  S log_prob{};
  value_t<S> reference_log_prob{};
  value_t<S> desirable{};  // 1 or 0
  value_t<S> baseline{};

  using live   = fields<field<"log_prob", &labelled_sequence_with_baseline::log_prob>>;
  using frozen = fields<field<"reference_log_prob", &labelled_sequence_with_baseline::reference_log_prob>,
                        field<"desirable", &labelled_sequence_with_baseline::desirable>,
                        field<"baseline", &labelled_sequence_with_baseline::baseline>>;
};

template <class Pair>
concept pair_with_reference = requires(Pair const& pair) {
  pair.chosen - pair.reference_chosen;
};
template <class Pair>
concept pair_with_tokens = requires(Pair const& pair) {
  pair.chosen / pair.chosen_tokens;
};

/// log pi(y_w) / pi_ref(y_w).
template <pair_with_reference Pair>
POFT_FN auto chosen_log_ratio(Pair const& pair) {
  return pair.chosen - pair.reference_chosen;
}
/// log pi(y_l) / pi_ref(y_l).
template <pair_with_reference Pair>
POFT_FN auto rejected_log_ratio(Pair const& pair) {
  return pair.rejected - pair.reference_rejected;
}

/// How much more the policy prefers y_w to y_l than the reference does: the difference of the two log-ratios.
template <pair_with_reference Pair>
POFT_FN auto margin(Pair const& pair) {
  return chosen_log_ratio(pair) - rejected_log_ratio(pair);
}
/// How much the policy prefers y_w to y_l.
template <class S>
POFT_FN S margin(reference_free_pair<S> const& pair) {
  return pair.chosen - pair.rejected;
}

/// The same per token: each response's share is divided by its own length.
template <class S>
POFT_FN S mean_margin(preference_pair_with_tokens<S> const& pair) {
  return chosen_log_ratio(pair) / pair.chosen_tokens - rejected_log_ratio(pair) / pair.rejected_tokens;
}
template <class S>
POFT_FN S mean_margin(reference_free_pair<S> const& pair) {
  return pair.chosen / pair.chosen_tokens - pair.rejected / pair.rejected_tokens;
}

/// Negative log-likelihood of y_w per token.
template <pair_with_tokens Pair>
POFT_FN auto chosen_mean_nll(Pair const& pair) {
  return -(pair.chosen / pair.chosen_tokens);
}

/// log pi(y) / pi_ref(y) of a single response.
template <class Sequence>
  requires requires(Sequence const& sequence) { sequence.log_prob - sequence.reference_log_prob; }
POFT_FN auto log_ratio(Sequence const& sequence) { return sequence.log_prob - sequence.reference_log_prob; }

}  // namespace poft
