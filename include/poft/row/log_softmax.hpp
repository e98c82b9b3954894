// A row of logits as a distribution: log-probabilities that stay accurate however large the logits are.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/row/token_statistics.hpp"

namespace poft {

/// The probability of one item and its logarithm, in elements or in lanes.
template <class S>
struct outcome {
  S prob, log_prob;
};

/// softmax(z). The normaliser is kept in two parts: z - peak is exact where log pi is small, and a logit
/// of 1e5 leaves no rounding error in it. A logit of -inf is a masked item: probability 0,
/// log-probability -inf.
template <class Stored>
struct softmax_row {
  using T = compute_t<Stored>;

  row<Stored const> z;
  T peak, log_sum;  // max_v z_v, log sum_v exp(z_v - peak)

  template <class Index>
  POFT_FN auto at(Index i) const {
    using S    = decltype(z[i]);
    S const lp = (z[i] - S(peak)) - S(log_sum);
    return outcome<S>{exp(lp), lp};
  }
};

/// One pass over z [vocab]. At least one logit is finite.
template <class Group, class Stored>
POFT_FN softmax_row<Stored> softmax_of(Group group, row<Stored const> z, std::int64_t vocab) {
  auto const statistics = read_row(group, z, vocab, {});
  return {z, statistics.peak, statistics.log_sum};
}

/// A row that holds probabilities themselves.
template <class Stored>
struct probability_row {
  row<Stored const> p;

  template <class Index>
  POFT_FN auto at(Index i) const {
    auto const prob = p[i];
    return outcome<decltype(p[i])>{prob, log(prob)};
  }
};

}  // namespace poft
