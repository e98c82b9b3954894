// Which arms the study has, and why.
// SPDX-License-Identifier: MIT
#include "arms.hpp"

#include <algorithm>

#include "poft/core/error.hpp"

namespace study {
namespace {

using poft::bandit::experiment_settings;
using poft::bandit::learner;
using names = std::vector<std::string>;

/// Adds the arms of one world.
class grid_builder {
 public:
  grid_builder(std::vector<arm>& arms, world const& of, bool full) : arms_(arms), world_(of), full_(full) {}

  void add_all() {
    for (std::string const& reward : full_ ? world_.rewards : names{world_.unlikely, world_.likely})
      add_studies(reward);
    add_samples();
    if (!full_) return;
    for (double const target : {1., 3., 10., 30., 100.}) {
      arm& it = add("b4", "ipo", world_.unlikely, "offline.target" + std::to_string(static_cast<int>(target)),
                    offline());
      it.settings.method = learner("ipo", target);
      it.tuned_as        = std::string("ipo.") + world_.unlikely + ".offline";
      it.keep_parameter  = true;
    }
    if (world_.policy == policy_kind::tokens) return;
    for (std::string const name : {"ipo", "best_of_n"}) {  // pi_ref is the data's, as in the official code
      experiment_settings settings = offline();
      settings.reference           = poft::bandit::reference_policy::data;
      add("b4", name, world_.unlikely, "offline.reference_data", settings).tuned_as =
          name + "." + world_.unlikely + ".offline";
    }
  }

 private:
  /// An arm that is there already only gains a study.
  arm& add(char const* study, std::string const& name, std::string const& reward, std::string const& how,
           experiment_settings settings) {
    std::string const id = name + "." + reward + "." + how;
    auto const same = std::find_if(arms_.begin(), arms_.end(), [&](arm const& one) { return one.id == id; });
    bool const is_new = same == arms_.end();
    arm& it           = is_new ? arms_.emplace_back() : *same;
    if (std::find(it.studies.begin(), it.studies.end(), study) == it.studies.end())
      it.studies.emplace_back(study);
    if (!is_new) return it;
    settings.method = learner(name);
    settings.reward = poft::bandit::parse_reward(reward);
    it.id           = id;
    it.settings     = settings;
    it.policy       = world_.policy;
    return it;
  }

  experiment_settings on_policy(int batch, int passes) const {
    return {.queries      = world_.queries,
            .batch        = batch,
            .passes       = passes,
            .measurements = world_.measurements,
            .held_out     = world_.held_out,
            .pair_prompts = world_.pair_prompts};
  }
  experiment_settings offline() const { return on_policy(0, world_.passes); }
  /// `prompts` prompts, one offline collection, as many steps as the common arm.
  experiment_settings few_prompts(int prompts) const {
    experiment_settings settings = on_policy(0, 1);
    settings.pool                = prompts;
    settings.queries             = prompts * 10;
    settings.minibatch           = std::min(prompts, 10);
    settings.passes              = world_.steps() / settings.steps_per_collection();
    return settings;
  }
  bool has(varied_size const& size) const { return full_ || size.value == size.tuned_as; }

  void add_studies(std::string const& reward) {
    std::string const kin = reward == world_.likely ? world_.likely : world_.unlikely;
    bool const own        = kin == reward;
    auto const borrow     = [&](arm& it, std::string const& from) {
      if (it.tuned_as.empty() && it.id != from) it.tuned_as = from;
    };

    if (world_.policy == policy_kind::categorical) {
      arm& data = add("b1", "best_of_n", reward, "batch10", on_policy(10, world_.passes));
      if (!own) borrow(data, "best_of_n." + kin + ".batch10");
    }

    // B2: the same rewards and gradient steps, drawn in larger and larger collections.
    for (varied_size const& batch : world_.batches) {
      if (!has(batch)) continue;
      arm& it = add("b2", "best_of_n", reward, "batch" + std::to_string(batch.value),
                    on_policy(batch.value, world_.passes));
      borrow(it, "best_of_n." + kin + ".batch" + std::to_string(batch.tuned_as));
    }
    arm& whole      = add("b2", "best_of_n", reward, "offline", offline());
    whole.tuned_for = "final";
    borrow(whole, "best_of_n." + kin + ".offline");

    // B3: reuse of every collection, at equal rewards and at equal gradient steps.
    for (std::string const& name : {std::string("best_of_n"), world_.ppo}) {
      for (varied_size const& passes : world_.reuse) {
        if (!has(passes)) continue;
        std::string const how        = "passes" + std::to_string(passes.value),
                          close      = name + "." + kin + ".passes" + std::to_string(passes.tuned_as);
        arm& rewards_equal           = add("b3", name, reward, how, on_policy(10, passes.value));
        rewards_equal.keep_parameter = true;
        borrow(rewards_equal, close);
        if (world_.equal_steps % passes.value != 0) continue;
        std::string const at_equal_steps = ".steps" + std::to_string(world_.equal_steps);
        experiment_settings settings     = on_policy(10, passes.value);
        settings.queries                 = world_.equal_steps / passes.value * 100;
        arm& steps_equal                 = add("b3", name, reward, how + at_equal_steps, settings);
        steps_equal.keep_parameter       = true;
        borrow(steps_equal, world_.shares_tuning ? close : close + at_equal_steps);
      }
    }

    // B4: every learner on the same offline samples, without and with a pair filter (the paper's script has one of 0.2).
    for (double const filter : {0.0, world_.filter}) {
      for (std::string const& name : world_.offline_learners) {
        experiment_settings settings = offline();
        settings.min_difference      = filter;
        std::string const how        = filter > 0 ? "offline.filtered" : "offline";
        arm& it                      = add("b4", name, reward, how, settings);
        it.tuned_for                 = "final";
        borrow(it, name + "." + kin + "." + (world_.shares_tuning ? "offline" : how));
      }
    }

    // B5: what happens to the log-ratios of few and of many prompts.
    for (varied_size const& prompts : world_.prompts) {
      if (!has(prompts)) continue;
      std::string const how   = "prompts" + std::to_string(prompts.value),
                        close = "." + kin + ".prompts" + std::to_string(prompts.tuned_as);
      for (std::string const name : {"ipo", "best_of_n", "pref_ft"}) {
        arm& it      = add("b5", name, reward, how, few_prompts(prompts.value));
        it.tuned_for = "final";
        borrow(it, name + close);
      }
      // The tuned targets are far above the paper's 10, and log-ratios follow the target.
      arm& paper            = add("b5", "ipo", reward, how + ".target10", few_prompts(prompts.value));
      paper.tuned_for       = "final";
      paper.keep_parameter  = true;
      paper.settings.method = learner("ipo", 10);
      borrow(paper, "ipo" + close + ".target10");
    }

    // B6: on-policy samples and a negative gradient, each alone and together.
    for (std::string const& name : world_.online_learners) {
      arm& it = add("b6", name, reward, "batch10", on_policy(10, world_.passes));
      borrow(it, name + "." + kin + ".batch10");
    }
    for (std::string const name : {"ipo", "dpo"}) add("b6", name, reward, "offline", offline());
  }

  /// The number of responses per prompt, at equal rewards and equal samples in every gradient step.
  void add_samples() {
    bool const tokens = world_.policy == policy_kind::tokens;
    if (tokens && !full_) return;
    for (std::string const& name : full_ ? world_.offline_learners : names{"ipo", "best_of_n"}) {
      for (int const samples : {2, 5, 10, 20}) {
        experiment_settings settings = offline();
        settings.samples             = samples;
        settings.minibatch           = 100 / samples;
        arm& it                      = add("b4", name, world_.unlikely,
                      samples == 10 ? "offline" : "offline.samples" + std::to_string(samples), settings);
        it.tuned_for                 = "final";
        bool const own               = name == "ipo" || name == "best_of_n";
        if (samples != 10 && (tokens || !own)) it.tuned_as = name + "." + world_.unlikely + ".offline";
      }
    }
  }

  std::vector<arm>& arms_;
  world const& world_;
  bool full_;
};

}  // namespace

world const& one_step() {
  static world const it{
      .policy       = policy_kind::categorical,
      .unlikely     = "R4",
      .likely       = "R5",
      .rewards      = {"R4", "R5", "R8", "R9"},
      .least_seeds  = 10,
      .tuning_seeds = 2,
      .queries      = 10000,
      .passes       = 5,
      .measurements = 50,
      .held_out     = 100,
      .pair_prompts = 50,
      .batches      = {{10, 10}, {20, 10}, {50, 50}, {100, 50}, {200, 200}, {500, 200}},
      .reuse        = {{1, 1}, {2, 2}, {4, 4}, {8, 8}, {10, 8}, {15, 8}, {16, 16}},
      .prompts = {{5, 5}, {10, 20}, {20, 20}, {50, 100}, {100, 100}, {200, 100}, {500, 1000}, {1000, 1000}},
      .equal_steps      = 400,
      .filter           = 0.2,
      .offline_learners = {"ipo", "dpo", "best_of_n", "rwr", "rwr_prompt", "pref_ft", "best_of_n_worst",
                           "best_of_n_average"},
      .online_learners  = {"ipo", "dpo", "best_of_n", "rwr", "rwr_prompt", "reinforce", "ppo"},
      .ppo              = "ppo",
      .shares_tuning    = false};
  return it;
}

world const& sequences() {
  static world const it{
      .policy       = policy_kind::tokens,
      .unlikely     = "R6",
      .likely       = "R7",
      .rewards      = {"R6", "R7"},
      .least_seeds  = 5,
      .tuning_seeds = 1,
      .queries      = 2000,
      .passes       = 8,
      .measurements = 20,
      .held_out     = 50,
      .pair_prompts = 10,
      .batches      = {{10, 10}, {20, 10}, {50, 50}, {100, 50}},
      .reuse        = {{1, 1}, {2, 2}, {4, 2}, {8, 16}, {10, 16}, {16, 16}},
      .prompts     = {{5, 5}, {10, 5}, {20, 5}, {50, 100}, {100, 100}, {200, 100}, {500, 1000}, {1000, 1000}},
      .equal_steps = 160,
      .filter      = 0.05,
      .offline_learners = {"ipo", "dpo", "best_of_n", "rwr", "rwr_prompt", "pref_ft", "best_of_n_worst",
                           "best_of_n_average", "best_of_n_sum", "best_of_n_log_complement"},
      .online_learners  = {"ipo", "dpo", "best_of_n", "rwr", "rwr_prompt", "reinforce_row_kl", "ppo_row_kl",
                           "ppo_kl_reward"},
      .ppo              = "ppo_row_kl",
      .shares_tuning    = true};
  return it;
}

policy_kind policy_of(std::string const& name) {
  auto const at = std::find(std::begin(policy_names), std::end(policy_names), name);
  if (at == std::end(policy_names)) {
    std::string known;
    for (char const* one : policy_names) known += std::string(" ") + one;
    throw poft::value_error(poft::message("policy: \"", name, "\", expected one of", known));
  }
  return static_cast<policy_kind>(at - std::begin(policy_names));
}

poft::bandit::action_kind actions_of(policy_kind policy) {
  using poft::bandit::action_kind;
  return policy == policy_kind::categorical ? action_kind::discrete
         : policy == policy_kind::tokens    ? action_kind::tokens
                                            : action_kind::number;
}

std::vector<arm> grid(bool full) {
  std::vector<arm> arms;
  for (world const* one : {&one_step(), &sequences()}) grid_builder(arms, *one, full).add_all();
  return arms;
}

}  // namespace study
