// The Bradley-Terry loss of a reward model.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"
#include "poft/objective/smoothed_log_sigmoid.hpp"

namespace poft::objective {

/// Bradley and Terry 1952; as a reward model's loss Ouyang et al. 2022, arXiv:2203.02155, eq. 1:
///
///   L = -(1 - eps) log sigmoid(x) - eps log sigmoid(-x) + c (r_w + r_l)^2,      x = r_w - r_l - m
///
/// m = margin (Touvron et al. 2023, arXiv:2307.09288, eq. 2); c = center, which takes away the freedom of
/// adding a constant to all rewards (Eisenstein et al. 2023, arXiv:2312.09244; TRL recommends 0.01); eps
/// = label_smoothing, the share of labels that are wrong. All three are off by default.
struct bt_reward {
  double center          = 0.0;
  double label_smoothing = 0.0;

  static constexpr char const* name = "bt_reward";
  using parameters =
      fields<field<"center", &bt_reward::center>, field<"label_smoothing", &bt_reward::label_smoothing>>;
  template <class S>
  using inputs = reward_pair<S>;

  template <class S>
  POFT_FN S operator()(reward_pair<S> const& pair) const {
    using T      = value_t<S>;
    S const lead = pair.chosen_reward - pair.rejected_reward - pair.margin;
    return constant<T>(center) * square(pair.chosen_reward + pair.rejected_reward) -
           smoothed_log_sigmoid(lead, constant<T>(label_smoothing));
  }

  constexpr char const* invalid() const {
    if (!(center >= 0)) return "bt_reward: center must be >= 0";
    return is_label_noise(label_smoothing) ? nullptr : "bt_reward: label_smoothing must be in [0, 0.5)";
  }
};

}  // namespace poft::objective
