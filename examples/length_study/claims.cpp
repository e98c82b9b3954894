// The static table of claims.
// SPDX-License-Identifier: MIT
#include "claims.hpp"

#include <algorithm>

namespace length_study {

using poft::bandit::direction;
using study::claim;
using study::contrast;
using study::difference;

namespace {

constexpr char const* gold = "gold reward";

/// learner, preference, how -> arm.
std::string id_of(std::string const& name, std::string const& over, std::string const& how) {
  return name + "." + over + "." + how;
}

/// Every one of `better` against every one of `worse`.
std::vector<contrast> all_against_all(std::vector<std::string> const& better,
                                      std::vector<std::string> const& worse, std::string const& over,
                                      std::string const& how) {
  std::vector<contrast> out;
  for (std::string const& b : better) {
    for (std::string const& w : worse)
      out.push_back(difference(b + " - " + w, id_of(b, over, how), id_of(w, over, how)));
  }
  return out;
}

/// The same difference under this preference and under mode.
contrast gain_over_mode(contrast gain, std::string const& over) {
  std::size_t const terms = gain.terms.size();
  for (std::size_t k = 0; k < terms; ++k) {
    study::term other = gain.terms[k];
    other.factor      = -other.factor;
    other.arm.replace(other.arm.find("." + over + "."), over.size() + 2, ".mode.");
    gain.terms.push_back(other);
  }
  gain.label = "(" + gain.label + "), " + over + " - mode";
  return gain;
}

/// S1 or S3, where the preferred length is unlikely, or S2.
std::vector<claim> claims_of(preference which, scale const& of) {
  std::string const over = preference_names[static_cast<int>(which)], queries = std::to_string(of.queries),
                    steps = std::to_string(of.queries / of.minibatch * common_passes);
  bool const unlikely     = which != preference::mode;
  std::string const small = name_of_collection(of.minibatch), whole = name_of_collection(of.queries);
  claim const common{
      .id     = std::string(1, 'S') + study_of(which).back(),
      .metric = "final",
      .unit   = gold,
      .budget = queries + " rewards, " + steps + " gradient steps on " + std::to_string(of.minibatch) +
                " responses",
      .tried =
          "every arm tuned over 4 learning rates and its learner's own parameter, on seeds that are not "
          "reported.",
      .direction = unlikely ? direction::greater : direction::within};
  auto const stated = [&](std::string const& part, std::string const& text, std::vector<contrast> contrasts) {
    claim out     = common;
    out.part      = part;
    out.text      = text;
    out.contrasts = std::move(contrasts);
    return out;
  };
  std::vector<claim> out;

  std::vector<contrast> smaller;
  for (std::string const name : {"ppo", "rwr"}) {
    if (!unlikely && name == std::string("rwr")) continue;
    smaller.push_back(difference(name + ", collections of " + std::to_string(of.minibatch) + " - " + queries,
                                 id_of(name, over, small), id_of(name, over, whole)));
  }
  std::vector<contrast> const contrastive =
      all_against_all({"dpo", "ipo"}, {"pref_ft", "best_of_n", "rwr"}, over, "offline");
  std::vector<contrast> fresh;
  for (std::string const name : {"dpo", "rwr", "best_of_n"})
    fresh.push_back(difference(name + ", on-policy - offline", id_of(name, over, "on_policy"),
                               id_of(name, over, "offline")));

  if (!unlikely) {
    out.push_back(stated("a", "Near the mode, small collections make little difference.", smaller));
    out.push_back(
        stated("b", "Near the mode, a negative gradient makes little difference (offline).", contrastive));
    out.push_back(
        stated("c", "Near the mode, on-policy samples make little difference against offline ones.", fresh));
    return out;
  }
  out.push_back(stated(
      "a",
      "With a fixed budget of rewards, smaller collections (more on-policy) end at a higher gold reward.",
      smaller));
  claim area =
      stated("a'", "The same for the mean over the gradient steps (shown, does not decide).", smaller);
  area.metric = "area", area.decides = false;
  out.push_back(area);
  out.push_back(stated("b", "From the same offline samples, DPO and IPO beat Pref-FT, Best-of-N and RWR.",
                       contrastive));
  out.push_back(stated("c", "On-policy DPO, RWR and Best-of-N beat their offline forms.", fresh));
  out.push_back(
      stated("d", "On-policy, PPO, REINFORCE and DPO (negative gradient) beat RWR and Best-of-N.",
             all_against_all({"ppo", "reinforce", "dpo"}, {"rwr", "best_of_n"}, over, "on_policy")));

  auto const reused = [&](std::string const& name, int passes) {
    return id_of(name, over, name_of_reuse(passes));
  };
  std::vector<contrast> twice;
  for (std::string const name : {"ppo", "best_of_n"})
    twice.push_back(difference(name + ", T = 2 - T = 1", reused(name, 2), reused(name, 1)));
  claim reuse  = stated("e", "T = 2 steps on every sample beat T = 1.", twice);
  reuse.budget = queries + " rewards, learning rate tuned for every T";
  claim equal  = reuse;
  equal.part = "e'", equal.text = "The same at equal gradient steps (shown, does not decide).";
  equal.metric = "equal_steps", equal.decides = false;
  equal.budget   = std::to_string(of.queries / of.minibatch) + " gradient steps, " + queries + " / T rewards";
  claim tolerant = reuse;
  tolerant.part = "f", tolerant.text = "PPO loses less by much reuse than Best-of-N.";
  tolerant.contrasts = {{"(T = 8 - T = 2), ppo - best_of_n",
                         {{1, reused("ppo", 8)},
                          {-1, reused("ppo", 2)},
                          {-1, reused("best_of_n", 8)},
                          {1, reused("best_of_n", 2)}}}};
  out.insert(out.end(), {reuse, equal, tolerant});

  out.push_back(stated("g", "On-policy sampling and negative gradients gain more here than near the mode.",
                       {gain_over_mode(smaller[0], over),
                        gain_over_mode(difference("dpo, on-policy - offline", id_of("dpo", over, "on_policy"),
                                                  id_of("dpo", over, "offline")),
                                       over),
                        gain_over_mode(difference("offline dpo - best_of_n", id_of("dpo", over, "offline"),
                                                  id_of("best_of_n", over, "offline")),
                                       over)}));
  return out;
}

}  // namespace

std::vector<claim> claims(scale const& of) {
  std::vector<claim> out;
  for (preference const which : {preference::min, preference::mode, preference::skew}) {
    auto const more = claims_of(which, of);
    out.insert(out.end(), more.begin(), more.end());
  }
  claim const common{
      .id     = "F2",
      .unit   = "nats per response",
      .budget = "the same offline pairs and gradient steps",
      .tried  = "learning rate and DPO's beta tuned for the gold reward, on seeds that are not reported."};
  claim chosen = common, rejected = common, falls = common, margin = common;
  chosen.part = "a", chosen.text = "Pref-FT raises log pi / pi_ref of the chosen responses.",
  chosen.metric = "chosen_log_ratio";
  rejected.part = "b", rejected.text = "Pref-FT raises that of the rejected responses, too.";
  rejected.metric = "rejected_log_ratio";
  falls.part = "c", falls.text = "DPO lowers that of the rejected responses.",
  falls.metric = "rejected_log_ratio";
  margin.part = "d", margin.text = "DPO's margin is larger than Pref-FT's.", margin.metric = "margin";
  for (std::string const over : preference_names) {
    std::string const imitating   = id_of("pref_ft", over, "offline"),
                      contrastive = id_of("dpo", over, "offline");
    chosen.contrasts.push_back({"chosen, " + over, {{1, imitating}}});
    rejected.contrasts.push_back({"rejected, " + over, {{1, imitating}}});
    falls.contrasts.push_back({"-(rejected), " + over, {{-1, contrastive}}});
    margin.contrasts.push_back(difference("DPO - Pref-FT, " + over, contrastive, imitating));
  }
  out.insert(out.end(), {chosen, rejected, falls, margin});
  for (claim& one : out) one.least_seeds = 5;
  return out;
}

}  // namespace length_study
