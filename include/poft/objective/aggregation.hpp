// How the losses of tokens become one number: the weight of a token and the count of everything.
// SPDX-License-Identifier: MIT
//
// L = sum_i sum_t weight(T_i) L_it / count, over all N sequences of the *whole* optimiser step (all
// micro-batches and processes), T_i tokens in the i-th. Much of what tells these algorithms apart:
//
//                  weight   count     used by
//   sequence_mean  1 / T_i  N         GRPO (arXiv:2402.03300), SAPO, GSPO per token
//   token_mean     1        sum T_i   PPO, DAPO (arXiv:2503.14476), CISPO, TRL's default
//   constant       1        N L       Dr. GRPO (arXiv:2503.20783): L = max_tokens, a constant of the run
//   sequence_sum   1        N         RLOO and REINFORCE on whole responses
//   token_sum      1        1
//
// In sequence_mean a token of a long response weighs less than one of a short response.
//
//   algorithm  objective on tokens       aggregation    advantage (preference/advantage.hpp)
//   PPO        ppo_clip                  token_mean     generalised_advantage
//   GRPO       with_kl<ppo_clip, k3>     sequence_mean  group_mean_std
//   Dr. GRPO   ppo_clip                  constant       dr_grpo
//   DAPO       ppo_clip, eps_high 0.28   token_mean     group_mean_std
//   GSPO       gspo (on sequences)       sequence_sum   group_mean_std
//   CISPO      cispo_relative            token_mean     group_mean_std
//
// A sequence without any token has no term; whether N counts it is the caller's decision (TRL does, verl
// and OpenRLHF do not).
#pragma once

#include "poft/core/config.hpp"

namespace poft::objective {

enum class aggregation { sequence_mean, token_mean, constant, sequence_sum, token_sum };

/// The factor of each token of a sequence that has `tokens` of them.
POFT_FN constexpr double token_weight(aggregation how, double tokens) {
  return how == aggregation::sequence_mean ? 1 / tokens : 1;
}

/// What the weighted sum is divided by; the numbers are those of the whole optimiser step.
POFT_FN constexpr double global_count(aggregation how, double sequences, double tokens,
                                      double max_tokens = 0) {
  switch (how) {
    case aggregation::sequence_mean:
    case aggregation::sequence_sum:
      return sequences;
    case aggregation::token_mean:
      return tokens;
    case aggregation::constant:
      return sequences * max_tokens;
    case aggregation::token_sum:
      break;
  }
  return 1;
}

}  // namespace poft::objective
