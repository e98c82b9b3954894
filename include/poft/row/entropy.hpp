// The entropy of a row of logits, and its gradient.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/row/functional.hpp"

namespace poft {

/// H(pi) = -sum_v pi_v log pi_v [nats] of pi = softmax(z), a functional (row/functional.hpp): dH/dz = -pi
/// (log pi + H). As an entropy bonus of a policy gradient (Mnih et al. 2016, arXiv:1602.01783) it is
/// *maximised*: a factor of -coefficient, added to the gradient that is already there.
struct entropy {
  static constexpr char const* name = "entropy";

  template <class S>
  POFT_FN terms<S, 2> operator()(outcome<S> pi) const {
    S const zero  = constant<S>(0);
    S const share = select(pi.prob > zero, -(pi.prob * pi.log_prob), zero);
    return value_and_slope(share, share);
  }

  constexpr char const* invalid() const { return nullptr; }
};

}  // namespace poft
