// f-divergences from the reference: links that replace the log-ratio, and the adaptor that applies them.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/dpo.hpp"
#include "poft/objective/joined_fields.hpp"
#include "poft/objective/joined_name.hpp"
#include "poft/scalar/exponential_difference.hpp"

namespace poft::objective {

// A link is phi(a) = f'(e^a) of the log-ratio a = log pi - log pi_ref, up to a constant. Only phi(a_w) -
// phi(a_l) enters a loss, so a link is that difference: phi itself overflows, and then inf - inf is NaN.

/// phi(a) = a: the losses as they are.
struct reverse_kl {
  static constexpr char const* name = "reverse_kl";
  using parameters                  = fields<>;
  template <class S>
  POFT_FN S link_difference(S chosen, S rejected) const {
    return chosen - rejected;
  }
  constexpr char const* invalid() const { return nullptr; }
};

/// phi(a) = -exp(-a).
struct forward_kl {
  static constexpr char const* name = "forward_kl";
  using parameters                  = fields<>;
  template <class S>
  POFT_FN S link_difference(S chosen, S rejected) const {
    return exponential_difference(chosen, rejected, constant<value_t<S>>(-1));
  }
  constexpr char const* invalid() const { return nullptr; }
};

/// Jensen-Shannon: phi(a) = log sigmoid(a), without its constant log 2.
struct js {
  static constexpr char const* name = "js";
  using parameters                  = fields<>;
  template <class S>
  POFT_FN S link_difference(S chosen, S rejected) const {
    return log_sigmoid(chosen) - log_sigmoid(rejected);
  }
  constexpr char const* invalid() const { return nullptr; }
};

/// phi(a) = exp((alpha - 1) a) / (alpha - 1): reverse KL at 1, forward KL at 0. TRL's older parameter is 1 -
/// alpha.
struct alpha_divergence {
  double alpha = 0.5;

  static constexpr char const* name = "alpha";
  using parameters                  = fields<field<"alpha", &alpha_divergence::alpha>>;
  template <class S>
  POFT_FN S link_difference(S chosen, S rejected) const {
    using V = value_t<S>;
    return exponential_difference(chosen, rejected, constant<V>(alpha) - constant<V>(1));
  }
  constexpr char const* invalid() const {
    return alpha - alpha == 0 ? nullptr : "alpha_divergence: alpha must be finite";
  }
};

/// "fdpo" for dpo.
template <class Loss>
struct f_name {
  struct buffer {
    char text[32]{'f'};
    constexpr buffer() {
      for (int n = 0; Loss::name[n] != '\0'; ++n) text[n + 1] = Loss::name[n];
    }
  };
  static constexpr buffer storage{};
  static constexpr char const* name = storage.text;
};

/// Wang et al. 2023, arXiv:2309.16240 (f-DPO): any loss of the margin, on
///
///   h = phi(log pi(y_w) - log pi_ref(y_w)) - phi(log pi(y_l) - log pi_ref(y_l))
///
/// TRL has f_divergence_type with a clamp on the exponent for alpha and none for forward KL, where its margin
/// is NaN once both sides overflow. Where a squared loss overflows, a derivative that stays finite by two
/// exponentials cancelling comes out infinite.
///
///   fdpo<alpha_divergence> const objective{{.beta = 0.1}, {.alpha = 0.5}};     f_divergence<ipo, js> ...
template <class Loss, class Link>
struct f_divergence : Loss, Link {
  static constexpr char const* name = joined_name<f_name<Loss>, Link>::text;
  using parameters                  = joined_fields_t<typename Loss::parameters, typename Link::parameters>;
  template <class S>
  using inputs = preference_pair<S>;

  template <class S>
  POFT_FN S operator()(preference_pair<S> const& pair) const {
    return this->of_margin(this->link_difference(chosen_log_ratio(pair), rejected_log_ratio(pair)));
  }

  constexpr char const* invalid() const {
    char const* const problem = Loss::invalid();
    return problem ? problem : Link::invalid();
  }
};

template <class Link>
using fdpo = f_divergence<dpo, Link>;

}  // namespace poft::objective
