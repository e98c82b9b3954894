// What is recorded of a run at one moment, and what is read off its whole history.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "poft/scalar/fields.hpp"

namespace poft::bandit {

/// Expectations over held-out contexts; of log-ratios over the pairs of the samples in use (chosen = higher reward), NaN where
/// there are none: before the first samples, and when all are alike.
struct measurement {
  double step                = 0;  ///< gradient steps taken
  double queries             = 0;  ///< rewards asked for
  double reward              = 0;
  double kl_policy_reference = 0;  ///< KL(pi || pi_ref) [nats]
  double kl_reference_policy = 0;  ///< KL(pi_ref || pi) [nats]
  double entropy             = 0;  ///< [nats]
  double chosen_log_ratio    = 0;  ///< E log pi(y_w) / pi_ref(y_w) [nats]
  double rejected_log_ratio  = 0;  ///< E log pi(y_l) / pi_ref(y_l) [nats]

  double margin() const { return chosen_log_ratio - rejected_log_ratio; }

  using columns = fields<
      field<"step", &measurement::step>, field<"queries", &measurement::queries>,
      field<"reward", &measurement::reward>, field<"kl_policy_reference", &measurement::kl_policy_reference>,
      field<"kl_reference_policy", &measurement::kl_reference_policy>,
      field<"entropy", &measurement::entropy>, field<"chosen_log_ratio", &measurement::chosen_log_ratio>,
      field<"rejected_log_ratio", &measurement::rejected_log_ratio>>;
};

/// One number per run. NaN where a run never came to the point that is asked for.
struct run_summary {
  double start = 0, final = 0, best = 0;  ///< reward
  double area           = 0;              ///< mean reward over the gradient steps (area under the curve)
  double unspent        = 0;  ///< share of the query budget left when the reward first reached 0.9; 0: never
  double reward_at_kl_1 = 0, reward_at_kl_3 = 0, reward_at_kl_10 = 0;
  double final_kl         = 0;                                      ///< KL(pi || pi_ref) at the end
  double chosen_log_ratio = 0, rejected_log_ratio = 0, margin = 0;  ///< at the end
  double fell = 0;  ///< 1: the final reward is more than 0.1 below the best

  using columns =
      fields<field<"start", &run_summary::start>, field<"final", &run_summary::final>,
             field<"best", &run_summary::best>, field<"area", &run_summary::area>,
             field<"unspent", &run_summary::unspent>, field<"reward_at_kl_1", &run_summary::reward_at_kl_1>,
             field<"reward_at_kl_3", &run_summary::reward_at_kl_3>,
             field<"reward_at_kl_10", &run_summary::reward_at_kl_10>,
             field<"final_kl", &run_summary::final_kl>,
             field<"chosen_log_ratio", &run_summary::chosen_log_ratio>,
             field<"rejected_log_ratio", &run_summary::rejected_log_ratio>,
             field<"margin", &run_summary::margin>, field<"fell", &run_summary::fell>>;
};

/// The reward where KL(pi || pi_ref) first reaches `nats`, on the line between the two measurements around it.
inline double reward_at_kl(std::span<measurement const> history, double nats) {
  for (std::size_t i = 1; i < history.size(); ++i) {
    measurement const &before = history[i - 1], &after = history[i];
    if (after.kl_policy_reference < nats) continue;
    double const share =
        (nats - before.kl_policy_reference) / (after.kl_policy_reference - before.kl_policy_reference);
    return before.reward + share * (after.reward - before.reward);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

/// history: at least the start; `budget` is the number of reward queries that the run was given.
inline run_summary summarise(std::span<measurement const> history, double budget) {
  measurement const &first = history.front(), &last = history.back();
  run_summary out{.start = first.reward, .final = last.reward, .best = first.reward};
  bool reached = false;
  for (measurement const &now : history) {
    out.best = std::max(out.best, now.reward);
    if (!reached && now.reward >= 0.9) {
      out.unspent = 1 - now.queries / budget;
      reached     = true;
    }
  }
  for (std::size_t i = 1; i < history.size(); ++i) {
    double const share = (history[i].step - history[i - 1].step) / (last.step - first.step);
    out.area += share * (history[i].reward + history[i - 1].reward) / 2;
  }
  out.reward_at_kl_1     = reward_at_kl(history, 1);
  out.reward_at_kl_3     = reward_at_kl(history, 3);
  out.reward_at_kl_10    = reward_at_kl(history, 10);
  out.final_kl           = last.kl_policy_reference;
  out.chosen_log_ratio   = last.chosen_log_ratio;
  out.rejected_log_ratio = last.rejected_log_ratio;
  out.margin             = last.margin();
  out.fell               = out.best - out.final > 0.1 ? 1 : 0;
  return out;
}

}  // namespace poft::bandit
