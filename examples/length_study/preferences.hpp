// Three preferences over lengths: the gold reward that decides them, and the reward models that learn them from pairs.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models.hpp"

namespace length_study {

enum class preference {
  min,   ///< shorter preferred
  mode,  ///< nearer to the corpus's most common length preferred
  skew   ///< shorter preferred, on pairs and offline samples whose lengths are skewed to long
};
inline constexpr char const* preference_names[] = {"min", "mode", "skew"};

/// exp(-((T - target) / 5)^2) of a response of T tokens: what preferences are decided by, and runs are scored by.
double gold_reward(double length, double target);
/// The length that is preferred.
double target_length(preference of, std::int64_t most_common);

/// Responses of the policy to each prompt, `samples_per_prompt` of them. Of skew, they are drawn from four times as many with
/// weights exp(T / 6), without repetition (Gumbel top-k). Columns old_log_prob and gold.
poft::dataset draw_responses(network const& policy, std::vector<poft::dataset::tokens> const& prompts,
                             std::int64_t samples_per_prompt, preference of, double target,
                             std::uint64_t seed);

/// The pairs of two responses whose gold rewards differ.
poft::dataset gold_pairs(poft::dataset samples);

struct reward_training {
  int prompts = 0, held_out_prompts = 0;  ///< each gives a pair
  int steps = 0, batch = 32;
  double learning_rate = 1e-3;
};

/// A Bradley-Terry reward model, trained from pi_ref's parameters. What it says is shifted and scaled to mean 0 and standard
/// deviation 1 over samples of pi_ref.
struct proxy {
  std::unique_ptr<network> net;
  double mean = 0, deviation = 1;
  double accuracy = 0;  ///< on held-out pairs of the same kind

  std::vector<double> operator()(poft::dataset const& samples);
  proxy clone() const;
};

/// Trains it, or takes it from its checkpoint in the folder. Throws where it is right on no more than half of the held-out
/// pairs.
proxy train_proxy(network const& reference, std::vector<tokens> const& prompts, preference of, double target,
                  reward_training const& how, std::uint64_t seed, fs::path const& folder);
/// value_error at 0.5 or below.
void require_better_than_chance(double accuracy, preference of, std::uint64_t seed);

}  // namespace length_study
