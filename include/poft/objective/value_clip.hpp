// The value loss of PPO, which hardly rewards leaving the old estimate's neighbourhood.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// The value function's loss in the PPO implementation of OpenAI's baselines (not in the paper,
/// arXiv:1707.06347):
///
///   L = 1/2 max( (V - R)^2, (clip(V, V_old - eps, V_old + eps) - R)^2 )
///
/// R = target, the return. eps = clip_range: 0.2 in TRL and verl, 0.5 in OpenRLHF.
struct value_clip {
  double clip_range = 0.2;

  static constexpr char const* name = "value_clip";
  using parameters                  = fields<field<"clip_range", &value_clip::clip_range>>;
  template <class S>
  using inputs = value_prediction<S>;

  template <class S>
  POFT_FN S operator()(value_prediction<S> const& in) const {
    using T         = value_t<S>;
    T const range   = constant<T>(clip_range);
    S const clipped = clamp(in.value, in.old_value - range, in.old_value + range);
    return constant<T>(0.5) * max(square(in.value - in.target), square(clipped - in.target));
  }

  constexpr char const* invalid() const {
    return clip_range > 0 ? nullptr : "value_clip: clip_range must be > 0";
  }
};

}  // namespace poft::objective
