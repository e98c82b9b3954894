// The arms of the study: every training run that a claim, a figure or a table of it needs.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "learners.hpp"
#include "preferences.hpp"

namespace length_study {

/// The numbers that a grid may differ in.
struct scale {
  std::string name     = "quick";
  int seeds            = 5;
  int corpus           = 20000;  ///< samples that are made up
  int training_prompts = 200, held_out_prompts = 200;
  pretraining reference{.steps = 4000};
  reward_training judge{.prompts = 8192, .held_out_prompts = 1024, .steps = 600};
  int queries            = 2048;  ///< the budget: responses that the reward model is asked about
  int minibatch          = 32;    ///< responses of a gradient step
  int samples_per_prompt = 4;
  int measurements       = 8;     ///< beside the one before the first step
  int measured           = 512;   ///< responses of a measurement
  int measured_last      = 2048;  ///< of the last one
  int pairs              = 128;   ///< whose log-ratios are measured

  /// Throws value_error where the budget is smaller than a minibatch, or no whole number of the common collections.
  void check() const;
  std::string text() const;
};
scale quick_scale();
scale full_scale();

struct arm {
  std::string id;                      ///< learner.preference.how, in files and claims
  std::vector<std::string> studies{};  ///< s1, s2, s3, f2
  learner by      = learner::dpo;
  preference over = preference::min;
  bool offline =
      false;  ///< the whole budget was collected before, from pi_ref; of skew: from its long responses
  int collection = 0;      ///< responses between two updates of the policy that draws them; 0: the common one
  int passes     = 2;      ///< T, gradient steps on every minibatch of a collection
  std::string tuned_as{};  ///< the arm whose tuned settings it takes; empty: its own
  std::string parameter_of{};  ///< the arm whose tuned parameter it takes, while the learning rate is its own
  double learning_rate = 1e-3;
  double parameter     = 0;

  std::string const& settings_of() const { return tuned_as.empty() ? id : tuned_as; }
};

inline constexpr char const* study_names[]        = {"s1", "s2", "s3", "f2"};
inline constexpr char const* offline_learners[]   = {"pref_ft", "best_of_n", "rwr", "dpo", "ipo"};
inline constexpr char const* on_policy_learners[] = {"ppo", "reinforce", "rwr", "best_of_n", "dpo"};

/// The collection sizes that are swept, and T; the common ones among them.
inline constexpr int common_collection = 128, common_passes = 2;
std::vector<int> collections(scale const& of);
inline constexpr int reuses[] = {1, 2, 4, 8};
/// How an arm of that collection size, or T, is called behind learner and preference: on_policy for the common ones.
std::string name_of_collection(int size);
std::string name_of_reuse(int passes);

/// Every arm. full contains the quick one.
std::vector<arm> grid(scale const& of, bool full);

/// The study of a preference: s1, s2, s3.
std::string study_of(preference of);

std::vector<double> learning_rates(learner by);

}  // namespace length_study
