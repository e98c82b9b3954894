// The arms of the study: every experiment that a claim, a figure or a table of it needs.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "poft/bandit/experiment.hpp"

namespace study {

enum class policy_kind { categorical, gaussian, cauchy, tanh_gaussian, tanh_cauchy, tokens };
inline constexpr char const* policy_names[] = {"categorical",   "gaussian",    "cauchy",
                                               "tanh_gaussian", "tanh_cauchy", "tokens"};
policy_kind policy_of(std::string const& name);
inline char const* name_of(policy_kind policy) { return policy_names[static_cast<int>(policy)]; }
/// What an action of the policy is.
poft::bandit::action_kind actions_of(policy_kind policy);

struct arm {
  std::string id;                      ///< learner.reward.how, in files and claims
  std::vector<std::string> studies{};  ///< b1 ... b7, own
  poft::bandit::experiment_settings settings;
  policy_kind policy    = policy_kind::categorical;
  std::string tuned_for = "area";  ///< the column of summary.csv that tuning maximises
  std::string tuned_as{};          ///< the arm whose tuned settings it takes; empty: its own
  bool keep_parameter = false;     ///< tune, or take from tuned settings, the learning rate only
};

/// A size that the study varies, and the one whose tuned settings it takes: itself in the quick grid.
struct varied_size {
  int value, tuned_as;
};

/// The numbers in which the study over single actions and the one over token sequences differ.
struct world {
  policy_kind policy;
  char const *unlikely, *likely;     ///< rewards with their peak where pi_ref is unlikely, or likely
  std::vector<std::string> rewards;  ///< of the full grid
  int least_seeds, tuning_seeds;     ///< that a verdict needs, and that tuning takes
  int queries, passes,
      measurements;  ///< the common budget, 10 responses for each of 10 prompts of a collection
  int held_out, pair_prompts;
  std::vector<varied_size> batches, reuse, prompts;  ///< B2, B3, B5
  int equal_steps;                                   ///< of B3's second table
  double filter;                                     ///< B4: pairs closer in reward are dropped
  std::vector<std::string> offline_learners, online_learners;
  std::string ppo;
  /// Few arms are tuned: those with a filter take the settings of those without, those at equal steps of those at equal
  /// rewards.
  bool shares_tuning;

  int steps() const { return queries / 100 * passes; }
};
/// 100 actions (R4, R5 ...), and sequences of 10 tokens (R6, R7).
world const& one_step();
world const& sequences();
inline world const& world_of(policy_kind policy) {
  return policy == policy_kind::tokens ? sequences() : one_step();
}

inline constexpr char const* study_names[] = {"b1", "b2", "b3", "b4", "b5", "b6", "b7"};

/// Every arm of the grid; full is the paper's grid, which contains the quick one.
std::vector<arm> grid(bool full);

/// The learning rates that every learner is tuned over; beside them its own parameter's grid.
inline constexpr double learning_rates[] = {3e-4, 1e-3, 3e-3, 1e-2};

}  // namespace study
