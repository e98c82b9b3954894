// Divergences between a student's row of logits and a teacher's.
// SPDX-License-Identifier: MIT
//
// q = softmax(z) is the student, p the teacher: softmax of its logits, or probabilities
// (probability_row). Each is a functional (row/functional.hpp):
//
//   auto const student = softmax_of(group, z, vocab), teacher = softmax_of(group, z_teacher, vocab);
//   auto const loss = value_and_gradient_of(divergence::jsd{.beta = 0.5}, group, vocab, d_z, factor,
//                                           accumulate, student, teacher);
//
// An item that both rows mask (logit -inf) contributes exactly 0, and a student logit of -inf gets
// gradient exactly 0. An item that only one row masks contributes what the formula says: nothing where
// its weight is 0, a finite amount to jsd and tvd, and infinity to the KL divergence that cannot be
// finite.
#pragma once

#include "poft/row/functional.hpp"

namespace poft::divergence {

/// One item's share of KL(a || b) = sum_v a_v log(a_v / b_v), written a log(a / b) - a + b: the added
/// terms sum to 0 for distributions (for a that does not sum to 1 this is the generalised KL divergence),
/// but make each share >= 0, so that nearly equal rows do not give a small negative number. a (exp(-d) -
/// 1 + d) with d = log a / b is the same thing, and accurate for small d.
template <class S>
POFT_FN S kl_share(outcome<S> a, outcome<S> b) {
  S const zero = constant<S>(0), one = constant<S>(1);
  S const d       = a.log_prob - b.log_prob;
  S const close   = a.prob * expm1_minus(-clamp(d, -one, one));
  S const distant = a.prob * d + (b.prob - a.prob);
  return select(a.prob > zero, select(abs(d) < one, close, distant), b.prob);
}

/// a log(a / b), 0 where a is.
template <class S>
POFT_FN S weighted_log_ratio(outcome<S> a, outcome<S> b) {
  S const zero = constant<S>(0);
  return select(a.prob > zero, a.prob * (a.log_prob - b.log_prob), zero);
}

/// KL(p || q): cross entropy with the teacher minus the teacher's entropy. dL/dz = q sum p - p.
struct forward_kl {
  static constexpr char const* name = "forward_kl";

  template <class S>
  POFT_FN terms<S, 2> operator()(outcome<S> q, outcome<S> p) const {
    return value_and_slope(kl_share(p, q), -p.prob);
  }

  constexpr char const* invalid() const { return nullptr; }
};

/// KL(q || p). dL/dz = q (log(q / p) - L).
struct reverse_kl {
  static constexpr char const* name = "reverse_kl";

  template <class S>
  POFT_FN terms<S, 2> operator()(outcome<S> q, outcome<S> p) const {
    return value_and_slope(kl_share(q, p), weighted_log_ratio(q, p));
  }

  constexpr char const* invalid() const { return nullptr; }
};

/// weight KL(p || q) + (1 - weight) KL(q || p).
struct symmetric_kl {
  double weight = 0.5;

  static constexpr char const* name = "symmetric_kl";

  template <class S>
  POFT_FN terms<S, 2> operator()(outcome<S> q, outcome<S> p) const {
    terms<S, 2> const forward = forward_kl{}(q, p), reverse = reverse_kl{}(q, p);
    using T = element_t<S>;
    if (constant<T>(weight) == T(0)) return reverse;  // the other one may be infinite
    if (constant<T>(weight) == T(1)) return forward;
    S const w = constant<S>(weight), rest = constant<S>(1) - w;
    return value_and_slope(w * forward.at[0] + rest * reverse.at[0],
                           w * forward.at[1] + rest * reverse.at[1]);
  }

  constexpr char const* invalid() const {
    return weight >= 0 && weight <= 1 ? nullptr : "symmetric_kl: weight must be in [0, 1]";
  }
};

/// Generalised Jensen-Shannon divergence of Agarwal et al. 2024 (GKD), arXiv:2306.13649, eq. 1:
///
///   beta KL(p || m) + (1 - beta) KL(q || m),      m = beta p + (1 - beta) q,      0 < beta < 1
///
/// beta = 1/2 is the Jensen-Shannon divergence. TRL and Liger replace the formula by KL(p || q) at beta =
/// 0 and by KL(q || p) at beta = 1, although it tends to 0 there; ask for forward_kl or reverse_kl. log m
/// is a log-add-exp, so it survives probabilities that underflow. dL/dz = (1 - beta) q (log(q / m) -
/// E_q[log(q / m)]).
struct jsd {
  double beta = 0.5;

  static constexpr char const* name = "jsd";

  template <class S>
  POFT_FN terms<S, 2> operator()(outcome<S> q, outcome<S> p) const {
    S const b = constant<S>(beta), rest = constant<S>(1) - b;
    outcome<S> const m{b * p.prob + rest * q.prob, log_add_exp(log(b) + p.log_prob, log(rest) + q.log_prob)};
    return value_and_slope(b * kl_share(p, m) + rest * kl_share(q, m), rest * weighted_log_ratio(q, m));
  }

  constexpr char const* invalid() const {
    return beta > 0 && beta < 1 ? nullptr : "jsd: beta must be in (0, 1)";
  }
};

/// Total variation distance 1/2 sum_v |p_v - q_v|, at most 1. Where p_v = q_v the slope 0 is taken.
struct tvd {
  static constexpr char const* name = "tvd";

  template <class S>
  POFT_FN terms<S, 2> operator()(outcome<S> q, outcome<S> p) const {
    S const half = constant<S>(0.5), zero = constant<S>(0);
    S const sign = select(q.prob > p.prob, half, select(q.prob < p.prob, -half, zero));
    return value_and_slope(sign * (q.prob - p.prob), sign * q.prob);
  }

  constexpr char const* invalid() const { return nullptr; }
};

}  // namespace poft::divergence
