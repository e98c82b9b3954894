// What everybody watches beside a preference loss: implicit rewards, margin and accuracy.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "poft/core/error.hpp"

namespace poft {

/// Means over pairs of the implicit rewards beta log(pi / pi_ref) [nats times beta] (Rafailov et al. 2023, section 4), their
/// difference, and the share of pairs whose chosen reward is the larger; a tie counts as wrong.
struct preference_metrics {
  double chosen_reward = 0, rejected_reward = 0, margin = 0, accuracy = 0;
};

/// `pairs`: any struct of spans with chosen, rejected, reference_chosen, reference_rejected.
template <class Pairs>
preference_metrics measure_preferences(Pairs const& pairs, double beta) {
  std::size_t const n = pairs.chosen.size();
  if (n == 0) throw value_error("measure_preferences: no pairs");
  preference_metrics total;
  for (std::size_t i = 0; i < n; ++i) {
    double const chosen   = beta * (static_cast<double>(pairs.chosen[i]) - pairs.reference_chosen[i]);
    double const rejected = beta * (static_cast<double>(pairs.rejected[i]) - pairs.reference_rejected[i]);
    total.chosen_reward += chosen;
    total.rejected_reward += rejected;
    total.accuracy += chosen > rejected;
  }
  double const count = static_cast<double>(n);
  total.chosen_reward /= count;
  total.rejected_reward /= count;
  total.accuracy /= count;
  total.margin = total.chosen_reward - total.rejected_reward;
  return total;
}

}  // namespace poft
