// What is recorded of a run on the way, and what is read off it.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "poft/bandit/measurement.hpp"
#include "poft/scalar/fields.hpp"

namespace length_study {

/// Means over responses to held-out prompts, drawn from the policy; of log-ratios over pairs of the offline samples.
struct measurement {
  double step             = 0;  ///< gradient steps taken
  double queries          = 0;  ///< rewards asked for
  double gold             = 0;  ///< the reward that preferences come from
  double proxy            = 0;  ///< what the reward model says, in standard deviations over samples of pi_ref
  double kl               = 0;  ///< E log pi / pi_ref, KL(pi || pi_ref) [nats per response]
  double length           = 0;  ///< [tokens], the end token among them
  double ended            = 0;  ///< share that came to their end token
  double chosen_log_ratio = 0;  ///< E log pi / pi_ref of the chosen response [nats]
  double rejected_log_ratio = 0;
  double skipped            = 0;  ///< steps so far for which a collection had no examples: all rewards alike
  /// Shares of the lengths 1 .. 4, 5 .. 8, ... 29 .. 32.
  double to_4 = 0, to_8 = 0, to_12 = 0, to_16 = 0, to_20 = 0, to_24 = 0, to_28 = 0, to_32 = 0;

  using histogram =
      poft::fields<poft::field<"to_4", &measurement::to_4>, poft::field<"to_8", &measurement::to_8>,
                   poft::field<"to_12", &measurement::to_12>, poft::field<"to_16", &measurement::to_16>,
                   poft::field<"to_20", &measurement::to_20>, poft::field<"to_24", &measurement::to_24>,
                   poft::field<"to_28", &measurement::to_28>, poft::field<"to_32", &measurement::to_32>>;
  using columns =
      poft::fields<poft::field<"step", &measurement::step>, poft::field<"queries", &measurement::queries>,
                   poft::field<"gold", &measurement::gold>, poft::field<"proxy", &measurement::proxy>,
                   poft::field<"kl", &measurement::kl>, poft::field<"length", &measurement::length>,
                   poft::field<"ended", &measurement::ended>,
                   poft::field<"chosen_log_ratio", &measurement::chosen_log_ratio>,
                   poft::field<"rejected_log_ratio", &measurement::rejected_log_ratio>,
                   poft::field<"skipped", &measurement::skipped>, poft::field<"to_4", &measurement::to_4>,
                   poft::field<"to_8", &measurement::to_8>, poft::field<"to_12", &measurement::to_12>,
                   poft::field<"to_16", &measurement::to_16>, poft::field<"to_20", &measurement::to_20>,
                   poft::field<"to_24", &measurement::to_24>, poft::field<"to_28", &measurement::to_28>,
                   poft::field<"to_32", &measurement::to_32>>;
};

/// The bandits' summary, of the gold reward; and how far that fell while the proxy rose.
struct run_summary : poft::bandit::run_summary {
  double final_proxy  = 0;
  double final_length = 0;
  double equal_steps =
      0;  ///< gold reward after as many gradient steps as T = 1 takes; NaN where that was not measured
  double overoptimised =
      0;  ///< gold reward at its best minus that at the proxy's best: what trusting the proxy costs

  using own_columns = poft::fields<poft::field<"final_proxy", &run_summary::final_proxy>,
                                   poft::field<"final_length", &run_summary::final_length>,
                                   poft::field<"equal_steps", &run_summary::equal_steps>,
                                   poft::field<"overoptimised", &run_summary::overoptimised>>;
};

/// history: at least the start. `common_steps`: gradient steps of T = 1.
inline run_summary summarise(std::span<measurement const> history, double common_steps) {
  std::vector<poft::bandit::measurement> of_gold;
  measurement const* by_proxy = &history.front();
  double equal                = std::numeric_limits<double>::quiet_NaN();
  for (measurement const& now : history) {
    of_gold.push_back({.step                = now.step,
                       .queries             = now.queries,
                       .reward              = now.gold,
                       .kl_policy_reference = now.kl,
                       .chosen_log_ratio    = now.chosen_log_ratio,
                       .rejected_log_ratio  = now.rejected_log_ratio});
    if (now.proxy > by_proxy->proxy) by_proxy = &now;
    if (now.step == common_steps) equal = now.gold;
  }
  run_summary out{
      poft::bandit::summarise(std::span<poft::bandit::measurement const>(of_gold), history.back().queries)};
  out.final_proxy   = history.back().proxy;
  out.final_length  = history.back().length;
  out.equal_steps   = equal;
  out.overoptimised = out.best - by_proxy->gold;
  return out;
}

}  // namespace length_study
