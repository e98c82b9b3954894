// Which arms the study has, and why.
// SPDX-License-Identifier: MIT
#include "arms.hpp"

#include <algorithm>

namespace study {
namespace {

using poft::bandit::experiment_settings;
using poft::bandit::learner;

class grid_builder {
 public:
  /// An arm that is there already only gains a study.
  arm& add(char const* study, std::string const& name, std::string const& reward, std::string const& how,
           experiment_settings settings) {
    std::string const id = name + "." + reward + "." + how;
    auto const same   = std::find_if(arms.begin(), arms.end(), [&](arm const& one) { return one.id == id; });
    bool const is_new = same == arms.end();
    arm& it           = is_new ? arms.emplace_back() : *same;
    if (std::find(it.studies.begin(), it.studies.end(), study) == it.studies.end())
      it.studies.emplace_back(study);
    if (!is_new) return it;
    settings.method = learner(name);
    settings.reward = poft::bandit::parse_reward(reward);
    it.id           = id;
    it.settings     = settings;
    return it;
  }
  std::vector<arm> arms;
};

/// The common budget: 10 000 rewards, 10 responses per prompt, 200 prompts, 500 gradient steps on 10 prompts each.
experiment_settings on_policy(int batch = 10, int passes = 5) { return {.batch = batch, .passes = passes}; }
experiment_settings offline() { return {.batch = 0, .passes = 5}; }

/// `prompts` prompts, one offline collection, still 500 steps.
experiment_settings few_prompts(int prompts) {
  experiment_settings settings{.pool = prompts, .queries = prompts * 10, .batch = 0};
  settings.minibatch = std::min(prompts, 10);
  settings.passes    = 1;
  settings.passes    = 500 / settings.steps_per_collection();
  return settings;
}

}  // namespace

std::vector<arm> grid(bool full) {
  grid_builder grid;
  using names                 = std::vector<std::string>;
  names const rewards         = full ? names{"R4", "R5", "R8", "R9"} : names{"R4", "R5"};
  auto const nearest          = [](std::string const& reward) { return reward == "R5" ? "R5" : "R4"; };
  names const offline_learner = {"ipo",        "dpo",     "best_of_n",       "rwr",
                                 "rwr_prompt", "pref_ft", "best_of_n_worst", "best_of_n_average"};
  names const online_learner  = {"ipo", "dpo", "best_of_n", "rwr", "rwr_prompt", "reinforce", "ppo"};

  for (std::string const& reward : rewards) {
    std::string const kin = nearest(reward);
    bool const own        = kin == reward;
    auto const borrow     = [&](arm& it, std::string const& from) {
      if (it.tuned_as.empty()) it.tuned_as = from;
    };

    grid.add("b1", "best_of_n", reward, "batch10", on_policy(10)).tuned_as =
        own ? "" : "best_of_n.R4.batch10";

    // B2: the same rewards and gradient steps, drawn in larger and larger collections.
    for (int const batch : full ? std::vector{10, 20, 50, 100, 200, 500} : std::vector{10, 50, 200}) {
      arm& it = grid.add("b2", "best_of_n", reward, "batch" + std::to_string(batch), on_policy(batch));
      bool const common = batch == 10 || batch == 50 || batch == 200;
      if (!own || !common)
        borrow(it, "best_of_n." + kin + (batch < 50 ? ".batch10" : batch < 200 ? ".batch50" : ".batch200"));
    }
    arm& whole      = grid.add("b2", "best_of_n", reward, "offline", offline());
    whole.tuned_for = "final";
    if (!own) borrow(whole, "best_of_n." + kin + ".offline");

    // B3: reuse of every collection, at equal rewards and at equal gradient steps.
    for (std::string const name : {"best_of_n", "ppo"}) {
      for (int const passes : full ? std::vector{1, 2, 4, 8, 10, 15, 16} : std::vector{1, 2, 4, 8, 16}) {
        bool const common     = passes != 10 && passes != 15;
        std::string const how = "passes" + std::to_string(passes), close = common ? how : "passes8";
        arm& rewards_equal           = grid.add("b3", name, reward, how, on_policy(10, passes));
        rewards_equal.keep_parameter = true;
        if (!own || !common) borrow(rewards_equal, name + "." + kin + "." + close);
        if (400 % passes != 0) continue;
        experiment_settings settings = on_policy(10, passes);
        settings.queries             = 400 / passes * 100;
        arm& steps_equal             = grid.add("b3", name, reward, how + ".steps400", settings);
        steps_equal.keep_parameter   = true;
        if (!own || !common) borrow(steps_equal, name + "." + kin + "." + close + ".steps400");
      }
    }

    // B4: every learner on the same offline samples, without and with the pair filter of the paper's script.
    for (double const filter : {0.0, 0.2}) {
      for (std::string const& name : offline_learner) {
        experiment_settings settings = offline();
        settings.min_difference      = filter;
        std::string const how        = filter > 0 ? "offline.filtered" : "offline";
        arm& it                      = grid.add("b4", name, reward, how, settings);
        it.tuned_for                 = "final";
        if (!own) borrow(it, name + "." + kin + "." + how);
      }
    }

    // B5: what happens to the log-ratios of few and of many prompts.
    for (int const prompts :
         full ? std::vector{5, 10, 20, 50, 100, 200, 500, 1000} : std::vector{5, 20, 100, 1000}) {
      bool const common           = prompts == 5 || prompts == 20 || prompts == 100 || prompts == 1000;
      int const close             = prompts < 10 ? 5 : prompts < 50 ? 20 : prompts < 500 ? 100 : 1000;
      std::string const how       = "prompts" + std::to_string(prompts),
                        close_how = "prompts" + std::to_string(close);
      for (std::string const name : {"ipo", "best_of_n", "pref_ft"}) {
        arm& it      = grid.add("b5", name, reward, how, few_prompts(prompts));
        it.tuned_for = "final";
        if (!own || !common) borrow(it, name + "." + kin + "." + close_how);
      }
      // The tuned targets are far above the paper's 10, and log-ratios follow the target.
      arm& paper            = grid.add("b5", "ipo", reward, how + ".target10", few_prompts(prompts));
      paper.tuned_for       = "final";
      paper.keep_parameter  = true;
      paper.settings.method = learner("ipo", 10);
      if (!own || !common) borrow(paper, "ipo." + kin + "." + close_how + ".target10");
    }

    // B6: on-policy samples and a negative gradient, each alone and together.
    for (std::string const& name : online_learner) {
      arm& it = grid.add("b6", name, reward, "batch10", on_policy(10));
      if (!own) borrow(it, name + "." + kin + ".batch10");
    }
    for (std::string const name : {"ipo", "dpo"}) grid.add("b6", name, reward, "offline", offline());
  }

  // The number of responses per prompt, at equal rewards and equal samples in every gradient step.
  for (std::string const& name : full ? offline_learner : names{"ipo", "best_of_n"}) {
    for (int const samples : {2, 5, 10, 20}) {
      experiment_settings settings = offline();
      settings.samples             = samples;
      settings.minibatch           = 100 / samples;
      arm& it                      = grid.add("b4", name, "R4",
                         samples == 10 ? "offline" : "offline.samples" + std::to_string(samples), settings);
      it.tuned_for                 = "final";
      if (full && samples != 10 && name != "ipo" && name != "best_of_n") it.tuned_as = name + ".R4.offline";
    }
  }
  if (full) {
    for (double const target : {1., 3., 10., 30., 100.}) {
      arm& it =
          grid.add("b4", "ipo", "R4", "offline.target" + std::to_string(static_cast<int>(target)), offline());
      it.settings.method = learner("ipo", target);
      it.tuned_as        = "ipo.R4.offline";
      it.keep_parameter  = true;
    }
    for (std::string const name :
         {"ipo", "best_of_n"}) {  // pi_ref is the data's distribution, as in the official code
      experiment_settings settings = offline();
      settings.reference           = poft::bandit::reference_policy::data;
      grid.add("b4", name, "R4", "offline.reference_data", settings).tuned_as = name + ".R4.offline";
    }
  }
  return std::move(grid.arms);
}

}  // namespace study
