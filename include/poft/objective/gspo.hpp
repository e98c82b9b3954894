// GSPO: PPO's clip on the ratio of the whole response, per token on average.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/ppo_clip.hpp"

namespace poft::objective {

/// Zheng et al. 2025, group sequence policy optimisation, arXiv:2507.18071, eqs. 5 and 7:
///
///   L = -min( s A, clip(s, 1 - eps_low, 1 + eps_high) A ),      s = (pi(y | x) / pi_old(y | x))^(1/T)
///
/// The mean log-ratio is live: each of the T tokens receives s A / T. A response of one token is a token
/// of ppo_clip. The clip range is the paper's, far below PPO's because means vary less.
struct gspo {
  double eps_low  = 3e-4;
  double eps_high = 4e-4;

  static constexpr char const* name = "gspo";
  using parameters = fields<field<"eps_low", &gspo::eps_low>, field<"eps_high", &gspo::eps_high>>;
  template <class S>
  using inputs = policy_sequence<S>;

  template <class S>
  POFT_FN S operator()(policy_sequence<S> const& response) const {
    return ppo_clip{eps_low, eps_high}(response);
  }

  constexpr char const* invalid() const {
    return eps_low > 0 && eps_high > 0 ? nullptr : "gspo: eps_low and eps_high must be > 0";
  }
};

/// Eqs. 13 and 14: one loss per token, with an advantage of its own,
///
///   s_t = sg[s] pi(y_t) / sg[pi(y_t)]
///
/// whose value is the response's ratio and whose gradient is the token's. Reduced as sequence_mean, and
/// with equal advantages, value and gradient are those of gspo.
struct gspo_token {
  double eps_low  = 3e-4;
  double eps_high = 4e-4;

  static constexpr char const* name = "gspo_token";
  using parameters = fields<field<"eps_low", &gspo_token::eps_low>, field<"eps_high", &gspo_token::eps_high>>;
  template <class S>
  using inputs = policy_token_of_sequence<S>;

  template <class S>
  POFT_FN S operator()(policy_token_of_sequence<S> const& token) const {
    return ppo_clip{eps_low, eps_high}(token);
  }

  constexpr char const* invalid() const {
    return eps_low > 0 && eps_high > 0 ? nullptr : "gspo_token: eps_low and eps_high must be > 0";
  }
};

}  // namespace poft::objective
