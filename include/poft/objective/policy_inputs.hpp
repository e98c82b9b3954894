// The named inputs of objectives on single responses, tokens, rewards and values.
// SPDX-License-Identifier: MIT
//
// The conventions are those of objective/inputs.hpp: live members have type S and receive a gradient,
// frozen ones have its value type; log-probs are sums in nats over whatever the example is (a response or
// one token), and a formula that needs a mean divides by `tokens` itself.
#pragma once

#include "poft/scalar/fields.hpp"
#include "poft/scalar/functions.hpp"

namespace poft {

/// One token (or anything else with a probability).
template <class S>
struct token {
  S log_prob{};  // log pi(y_t | x, y_<t)

  using live   = fields<field<"log_prob", &token::log_prob>>;
  using frozen = fields<>;
};

/// A response and its length.
template <class S>
struct sequence {
  S log_prob{};         // sum_t log pi(y_t | x, y_<t)
  value_t<S> tokens{};  // T > 0

  using live   = fields<field<"log_prob", &sequence::log_prob>>;
  using frozen = fields<field<"tokens", &sequence::tokens>>;
};

/// A response beside what aligned models think of it.
template <class S>
struct scored_sequence {
  S log_prob{};                // sum_t log pi(y_t | x, y_<t)
  value_t<S> tokens{};         // T > 0, in the policy's own tokens
  value_t<S> aligned_score{};  // mean over the aligned models of each one's log-prob per token of its own

  using live   = fields<field<"log_prob", &scored_sequence::log_prob>>;
  using frozen = fields<field<"tokens", &scored_sequence::tokens>,
                        field<"aligned_score", &scored_sequence::aligned_score>>;
};

/// The same with a judgement of the data: clean (1) or noise (0).
template <class S>
struct labelled_scored_sequence {
  S log_prob{};
  value_t<S> tokens{};
  value_t<S> aligned_score{};
  value_t<S> clean{};  // 1 or 0

  using live   = fields<field<"log_prob", &labelled_scored_sequence::log_prob>>;
  using frozen = fields<field<"tokens", &labelled_scored_sequence::tokens>,
                        field<"aligned_score", &labelled_scored_sequence::aligned_score>,
                        field<"clean", &labelled_scored_sequence::clean>>;
};

/// A sample and how strongly to imitate it.
template <class S>
struct weighted_sequence {
  S log_prob{};
  value_t<S> weight{};

  using live   = fields<field<"log_prob", &weighted_sequence::log_prob>>;
  using frozen = fields<field<"weight", &weighted_sequence::weight>>;
};

/// What a reward model gives to the two responses of a comparison.
template <class S>
struct reward_pair {
  S chosen_reward{}, rejected_reward{};
  value_t<S> margin{};  // by how much the chosen one should lead; 0 where nobody said

  using live   = fields<field<"chosen_reward", &reward_pair::chosen_reward>,
                      field<"rejected_reward", &reward_pair::rejected_reward>>;
  using frozen = fields<field<"margin", &reward_pair::margin>>;
};

/// A value estimate and the return it is to predict.
template <class S>
struct value_target {
  S value{};
  value_t<S> target{};

  using live   = fields<field<"value", &value_target::value>>;
  using frozen = fields<field<"target", &value_target::target>>;
};

/// The same beside the estimate before the update.
template <class S>
struct value_prediction {
  S value{};
  value_t<S> old_value{}, target{};

  using live = fields<field<"value", &value_prediction::value>>;
  using frozen =
      fields<field<"old_value", &value_prediction::old_value>, field<"target", &value_prediction::target>>;
};

/// The policy against the model it should stay near.
template <class S>
struct reference_step {
  S log_prob{};
  value_t<S> reference_log_prob{};

  using live   = fields<field<"log_prob", &reference_step::log_prob>>;
  using frozen = fields<field<"reference_log_prob", &reference_step::reference_log_prob>>;
};

// Policy-gradient steps. An action is a token or a whole response, as the log-prob says; its advantage
// comes from preference/advantage.hpp.

/// An action drawn from the policy itself.
template <class S>
struct on_policy_step {
  S log_prob{};
  value_t<S> advantage{};

  using live   = fields<field<"log_prob", &on_policy_step::log_prob>>;
  using frozen = fields<field<"advantage", &on_policy_step::advantage>>;
};

/// An action drawn from an earlier policy, whose log-prob of it is known.
template <class S>
struct policy_step {
  S log_prob{};
  value_t<S> old_log_prob{}, advantage{};

  using live = fields<field<"log_prob", &policy_step::log_prob>>;
  using frozen =
      fields<field<"old_log_prob", &policy_step::old_log_prob>, field<"advantage", &policy_step::advantage>>;
};

/// The same, for objectives that also stay near a reference model.
template <class S>
struct anchored_policy_step {
  S log_prob{};
  value_t<S> old_log_prob{}, reference_log_prob{}, advantage{};

  using live   = fields<field<"log_prob", &anchored_policy_step::log_prob>>;
  using frozen = fields<field<"old_log_prob", &anchored_policy_step::old_log_prob>,
                        field<"reference_log_prob", &anchored_policy_step::reference_log_prob>,
                        field<"advantage", &anchored_policy_step::advantage>>;
};

/// A whole response whose ratio is the geometric mean over its tokens.
template <class S>
struct policy_sequence {
  S log_prob{};  // summed, as old_log_prob
  value_t<S> old_log_prob{}, tokens{}, advantage{};

  using live = fields<field<"log_prob", &policy_sequence::log_prob>>;
  using frozen =
      fields<field<"old_log_prob", &policy_sequence::old_log_prob>, field<"tokens", &policy_sequence::tokens>,
             field<"advantage", &policy_sequence::advantage>>;
};

/// A token that is judged by the ratio of its whole response.
template <class S>
struct policy_token_of_sequence {
  S log_prob{};                     // of the token
  value_t<S> sequence_log_ratio{};  // mean over the response's tokens of log pi - log pi_old
  value_t<S> advantage{};

  using live   = fields<field<"log_prob", &policy_token_of_sequence::log_prob>>;
  using frozen = fields<field<"sequence_log_ratio", &policy_token_of_sequence::sequence_log_ratio>,
                        field<"advantage", &policy_token_of_sequence::advantage>>;
};

// log_importance_ratio(step): the logarithm of pi / pi_old, the axis in which token, sequence and GSPO
// forms differ.

/// log pi / pi_old of the action: token level for tokens, sequence level (a product over tokens) for
/// responses.
template <class S>
POFT_FN S log_importance_ratio(policy_step<S> const& step) {
  return step.log_prob - step.old_log_prob;
}
template <class S>
POFT_FN S log_importance_ratio(anchored_policy_step<S> const& step) {
  return step.log_prob - step.old_log_prob;
}
/// Its mean over the tokens: the gradient spreads 1/T to each.
template <class S>
POFT_FN S log_importance_ratio(policy_sequence<S> const& step) {
  return (step.log_prob - step.old_log_prob) / step.tokens;
}
/// The value of the response's mean with the derivative of the token.
template <class S>
POFT_FN S log_importance_ratio(policy_token_of_sequence<S> const& step) {
  return step.sequence_log_ratio + (step.log_prob - stop_gradient(step.log_prob));
}

/// clip(rho, 1 - eps_low, 1 + eps_high), which PPO and its kin share.
template <class S>
POFT_FN S clip_ratio(S ratio, double eps_low, double eps_high) {
  using T     = value_t<S>;
  T const one = constant<T>(1);
  return clamp(ratio, one - constant<T>(eps_low), one + constant<T>(eps_high));
}

/// -min( rho A, bound A ) for two values of the ratio: the sign of A says which of them gives the smaller
/// product, and A is multiplied last, so that an infinite ratio that is bounded, or whose advantage is 0,
/// gives a finite loss.
template <class S>
POFT_FN S pessimistic_surrogate(value_t<S> advantage, S ratio, S bound) {
  return -(advantage * select(advantage < constant<value_t<S>>(0), max(ratio, bound), min(ratio, bound)));
}

}  // namespace poft
