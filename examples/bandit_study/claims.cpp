// The static table of claims.
// SPDX-License-Identifier: MIT
#include "claims.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string>

#include "study/files.hpp"

namespace study {
namespace {

using poft::bandit::direction;
using names = std::vector<std::string>;

/// (a - b) - (c - d)
contrast difference_of_differences(std::string const& label, std::string const& a, std::string const& b,
                                   std::string const& c, std::string const& d) {
  return {label, {{1, a}, {-1, b}, {-1, c}, {1, d}}};
}

/// Every one of `better` against every one of `worse`.
void add_all(std::vector<contrast>& to, std::string const& where, names const& better, names const& worse,
             std::string const& better_how, std::string const& worse_how) {
  for (std::string const& b : better) {
    for (std::string const& w : worse) {
      to.push_back(difference(b + " - " + w + where, b + better_how, w + worse_how));
    }
  }
}

/// 10000 as "10 000".
std::string spaced(int number) {
  std::string text = std::to_string(number);
  if (text.size() > 3) text.insert(text.size() - 3, " ");
  return text;
}
/// "5, 20 and 100"
std::string listed(std::vector<int> const& numbers) {
  std::string text;
  for (std::size_t k = 0; k < numbers.size(); ++k) {
    text += (k == 0 ? "" : k + 1 < numbers.size() ? ", " : " and ") + std::to_string(numbers[k]);
  }
  return text;
}
/// The sizes of the quick grid.
std::vector<int> common(std::vector<varied_size> const& sizes) {
  std::vector<int> out;
  for (varied_size const& one : sizes) {
    if (one.value == one.tuned_as) out.push_back(one.value);
  }
  return out;
}

/// B2 to B6 for single actions, or for sequences.
std::vector<claim> claims_of(world const& w) {
  std::vector<claim> out;
  bool const tokens       = w.policy == policy_kind::tokens;
  names const contrastive = {"ipo", "dpo"}, imitating = {"best_of_n", "rwr", "rwr_prompt", "pref_ft"};
  struct peak {
    std::string reward, where;
  };
  peak const unlikely{w.unlikely, "unlikely"}, likely{w.likely, "likely"};
  std::string const common_budget = spaced(w.queries) + " rewards, " + std::to_string(w.steps()) +
                                    " gradient steps on 10 prompts x 10 responses, pool of 200 prompts";

  claim queries{.id   = "B2",
                .part = "a",
                .text =
                    "With a fixed budget of rewards, smaller collections (more frequent resampling) reach a "
                    "high reward with fewer rewards asked for.",
                .metric = "unspent",
                .unit   = "share of the budget left when the reward reaches 0.9",
                .budget = common_budget};
  claim gain{.id     = "B2",
             .part   = "b",
             .text   = "The gain from smaller collections is larger when the peak is unlikely under pi_ref.",
             .metric = "area",
             .unit   = "reward, mean over the gradient steps",
             .budget = common_budget};
  std::vector<int> const batches = common(w.batches);
  for (std::string const& large : {"batch" + std::to_string(batches.back()), std::string("offline")}) {
    for (peak const& at : {unlikely, likely}) {
      std::string const bon = "best_of_n." + at.reward + ".";
      queries.contrasts.push_back(
          difference("batch10 - " + large + ", " + at.where + " peak", bon + "batch10", bon + large));
    }
    std::string const far = "best_of_n." + unlikely.reward + ".", near = "best_of_n." + likely.reward + ".";
    gain.contrasts.push_back(difference_of_differences("(batch10 - " + large + "), unlikely - likely",
                                                       far + "batch10", far + large, near + "batch10",
                                                       near + large));
  }
  out.push_back(queries);
  out.push_back(gain);

  for (std::string const& at_equal : {std::string(), ".steps" + std::to_string(w.equal_steps)}) {
    bool const steps = !at_equal.empty();
    std::string const budget =
        steps ? std::to_string(w.equal_steps) + " gradient steps; " + spaced(100 * w.equal_steps) +
                    " / T rewards"
              : spaced(w.queries) + " rewards; " + std::to_string(w.queries / 100) + " T gradient steps";
    std::string const note = steps ? " (at equal gradient steps; shown, does not decide)" : "";
    claim twice{.id      = "B3",
                .part    = steps ? "a'" : "a",
                .text    = "T = 2 inner steps beat T = 1" + note + ".",
                .metric  = "area",
                .unit    = "reward, mean over the gradient steps",
                .budget  = budget,
                .decides = !steps};
    claim much{.id      = "B3",
               .part    = steps ? "b'" : "b",
               .text    = "Much reuse (T = 16) hurts against T = 2" + note + ".",
               .metric  = "area",
               .unit    = twice.unit,
               .budget  = budget,
               .decides = !steps};
    claim tolerant{.id      = "B3",
                   .part    = steps ? "c'" : "c",
                   .text    = "PPO loses less by much reuse than Best-of-N" + note + ".",
                   .metric  = "area",
                   .unit    = twice.unit,
                   .budget  = budget,
                   .decides = !steps};
    for (peak const& at : {unlikely, likely}) {
      auto const arm = [&](std::string const& learner, char const* how) {
        return learner + "." + at.reward + "." + how + at_equal;
      };
      std::string const where = ", " + at.where + " peak";
      twice.contrasts.push_back(difference("best_of_n, T = 2 - T = 1" + where, arm("best_of_n", "passes2"),
                                           arm("best_of_n", "passes1")));
      much.contrasts.push_back(difference("best_of_n, T = 2 - T = 16" + where, arm("best_of_n", "passes2"),
                                          arm("best_of_n", "passes16")));
      tolerant.contrasts.push_back(difference_of_differences(
          "(T = 16 - T = 2), ppo - best_of_n" + where, arm(w.ppo, "passes16"), arm(w.ppo, "passes2"),
          arm("best_of_n", "passes16"), arm("best_of_n", "passes2")));
    }
    for (claim* one : {&twice, &much, &tolerant}) out.push_back(*one);
  }

  claim beat{.id   = "B4",
             .part = "a",
             .text =
                 "From the same offline samples, IPO and DPO beat Best-of-N, RWR and Pref-FT when the peak "
                 "is unlikely, with and without pair filter.",
             .metric = "final",
             .unit   = "reward",
             .budget = common_budget + ", one collection"};
  claim alike = beat;
  alike.part = "b", alike.text = "When the peak is likely there is little difference.",
  alike.direction = direction::within;
  for (std::string const how : {".offline", ".offline.filtered"}) {
    std::string const note = how == ".offline" ? ", no filter" : ", pairs >= " + number_text(w.filter),
                      far = "." + unlikely.reward + how, near = "." + likely.reward + how;
    add_all(beat.contrasts, note, contrastive, imitating, far, far);
    add_all(alike.contrasts, note, contrastive, imitating, near, near);
  }
  out.push_back(beat);
  out.push_back(alike);

  std::string const b5_budget =
      "one collection of 10 responses per prompt, " + std::to_string(w.steps()) + " gradient steps";
  std::vector<int> const prompts = common(w.prompts);
  claim up{.id     = "B5",
           .part   = "a",
           .text   = "With few prompts (5), IPO raises log pi / pi_ref of the chosen responses.",
           .metric = "chosen_log_ratio",
           .unit   = "nats",
           .budget = b5_budget};
  claim down{.id     = "B5",
             .part   = "b",
             .text   = "With few prompts (5), IPO lowers log pi / pi_ref of the rejected responses.",
             .metric = "rejected_log_ratio",
             .unit   = "nats",
             .budget = b5_budget};
  claim falls{.id     = "B5",
              .part   = "c",
              .text   = "With more prompts (1000), IPO lowers log pi / pi_ref of the chosen responses, too.",
              .metric = "chosen_log_ratio",
              .unit   = "nats",
              .budget = b5_budget};
  claim margin{.id   = "B5",
               .part = "d",
               .text = "The margin grows more with IPO than with methods without negative gradient, at " +
                       listed(prompts) + " prompts.",
               .metric = "margin",
               .unit   = "nats",
               .budget = b5_budget};
  for (peak const& at : {unlikely, likely}) {
    std::string const where = at.where + " peak", few = "ipo." + at.reward + ".prompts";
    up.contrasts.push_back({"chosen, " + where, {{1, few + "5"}}});
    down.contrasts.push_back({"-(rejected), " + where, {{-1, few + "5"}}});
    falls.contrasts.push_back({"-(chosen), " + where, {{-1, few + "1000"}}});
    for (int const count : prompts) {
      std::string const how = "." + at.reward + ".prompts" + std::to_string(count);
      add_all(margin.contrasts, ", " + std::to_string(count) + " prompts, " + where, {"ipo"},
              {"best_of_n", "pref_ft"}, how, how);
    }
  }
  for (claim* one : {&up, &down, &falls, &margin}) out.push_back(*one);
  for (claim* one : {&up, &down, &falls, &margin}) {
    one->part += "'";
    one->text.insert(one->text.size() - 1,
                     tokens ? " (the paper's target 10; does not decide)"
                            : " (the paper's target 10; added after the first results, does not decide)");
    one->decides = false;
    for (contrast& c : one->contrasts) {
      for (term& t : c.terms) t.arm += t.arm.starts_with("ipo.") ? ".target10" : "";
    }
    out.push_back(*one);
  }

  claim fresh{.id     = "B6",
              .part   = "a",
              .text   = "On-policy IPO and DPO beat offline IPO and DPO.",
              .metric = "final",
              .unit   = "reward",
              .budget = common_budget};
  claim both{.id     = "B6",
             .part   = "b",
             .text   = "On-policy IPO and DPO beat on-policy Best-of-N and RWR.",
             .metric = "area",
             .unit   = "reward, mean over the gradient steps",
             .budget = common_budget};
  for (peak const& at : {unlikely, likely}) {
    std::string const reward = "." + at.reward, where = ", " + at.where + " peak";
    for (std::string const& learner : contrastive) {
      fresh.contrasts.push_back(difference(learner + ", on-policy - offline" + where,
                                           learner + reward + ".batch10", learner + reward + ".offline"));
    }
    add_all(both.contrasts, where, contrastive, {"best_of_n", "rwr", "rwr_prompt"}, reward + ".batch10",
            reward + ".batch10");
  }
  out.push_back(fresh);
  out.push_back(both);

  for (claim& one : out) {
    one.variant     = variant_of(w.policy);
    one.least_seeds = w.least_seeds;
    one.tried       = tokens
                          ? "arms tuned over 4 learning rates and their learner's own parameter, on seeds that are "
                            "not reported; some take the settings of a near one (tuned_as)."
                          : "every arm tuned alone over 4 learning rates and its learner's own parameter, on seeds "
                            "that are not reported.";
    if (one.id == "B3")
      one.tried = "learning rate tuned for every T; T = " + listed(common(w.reuse)) +
                  "; at equal rewards and at equal steps.";
    if (one.id == "B4")
      one.tried += " Pair filter off and at " + number_text(w.filter) +
                   "; RWR normalised over the batch and per prompt" + (tokens ? "." : "; N = 2, 5, 10, 20.");
    if (one.id == "B5") one.tried += " IPO's target tuned for reward, and at the paper's 10.";
  }
  return out;
}

}  // namespace

std::vector<claim> claims() {
  std::vector<claim> out;
  out.push_back({.id     = "B1",
                 .text   = "The two rewards differ in where pi_ref stands: it earns more where the peak is "
                           "likely (R5) than where it is unlikely (R4).",
                 .metric = "start",
                 .unit   = "reward",
                 .budget = "none: pi_ref itself",
                 .contrasts = {difference("pi_ref's reward, R5 - R4", "best_of_n.R5.batch10",
                                          "best_of_n.R4.batch10")}});
  out.back().tried  = "the fitted policy of every seed.";
  auto const append = [&](std::vector<claim> const& more) {
    out.insert(out.end(), more.begin(), more.end());
  };
  append(claims_of(one_step()));
  out.push_back({.id   = "B7",
                 .part = "a",
                 .text = "Free logits from pi_ref, equal rate and steps: the reverse KL moves mass into the "
                         "target's bins faster than the forward KL.",
                 .metric    = "target_mass",
                 .unit      = "probability in the target's bins, mean over the steps",
                 .budget    = "exact gradients, equal rate, equal steps",
                 .contrasts = {difference("reverse - forward", "reverse_kl.logits", "forward_kl.logits")}});
  out.push_back(
      {.id     = "B7",
       .part   = "b",
       .text   = "One squashed Gaussian and a target with two peaks: the forward KL covers both, the reverse "
                 "KL commits to one.",
       .metric = "peaks",
       .unit   = "peaks covered at convergence",
       .budget = "exact gradients to convergence",
       .contrasts = {difference("forward - reverse", "forward_kl.gaussian", "reverse_kl.gaussian")}});
  for (auto it = out.end() - 2; it != out.end(); ++it) {
    it->tried = "ten random targets; exact gradients, nothing to tune.";
  }
  append(claims_of(sequences()));
  return out;
}

}  // namespace study
