// B7: forward and reverse KL as exact gradients, on free logits and on one squashed Gaussian.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace study {

struct divergence_point {
  double step        = 0;
  double target_mass = 0;  ///< probability of the bins in which the target exceeds pi_ref
  double peaks       = 0;  ///< of the target's two that hold at least a quarter of what the target gives them
};
struct divergence_run {
  std::string arm;  ///< forward_kl.logits, reverse_kl.logits, forward_kl.gaussian, reverse_kl.gaussian
  std::uint64_t seed;
  std::vector<divergence_point> history;
  std::vector<double> first, last, target;  ///< probabilities of the 100 bins
};

/// Both families under both divergences, with seeds 1 ... seeds. A seed draws the target, and where the Gaussian starts.
std::vector<divergence_run> run_divergences(int seeds, std::vector<double> const& data);

}  // namespace study
