// Half the squared error of a value estimate.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/policy_inputs.hpp"

namespace poft::objective {

/// L = 1/2 (V - R)^2, R = target: regression of the value (or a reward) on the return; value_clip without
/// its clip.
struct value_mse {
  static constexpr char const* name = "value_mse";
  using parameters                  = fields<>;
  template <class S>
  using inputs = value_target<S>;

  template <class S>
  POFT_FN S operator()(value_target<S> const& in) const {
    return constant<value_t<S>>(0.5) * square(in.value - in.target);
  }

  constexpr char const* invalid() const { return nullptr; }
};

}  // namespace poft::objective
