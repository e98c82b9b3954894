// From samples to examples.
// SPDX-License-Identifier: MIT
#include "learners.hpp"

#include "poft/preference/advantage.hpp"
#include "poft/preference/reward_weight.hpp"
#include "poft/train/on_policy.hpp"
#include "trainer_on_cpu.hpp"

namespace length_study {
namespace {

bool learns_from_pairs(learner one) {
  return one == learner::pref_ft || one == learner::dpo || one == learner::ipo;
}

/// For the likelihood of whole responses, -log pi(y | x): "nll" is that per token, which would prefer short ones.
poft::dataset weighted_alike(poft::dataset examples) {
  examples.set("weight", std::vector<double>(static_cast<std::size_t>(examples.examples()), 1.0));
  return examples;
}

/// Sums over each response's tokens.
std::vector<double> of_responses(poft::dataset const& samples, std::vector<double> const& of_tokens) {
  std::vector<double> out;
  for (std::int64_t r = 0; r < samples.responses(); ++r) out.push_back(samples.value(of_tokens, r, r));
  return out;
}

poft::dataset with_advantages_of_tokens(poft::dataset samples, double beta, looked_at models) {
  auto const now       = poft::read_responses(*models.policy, samples, {.log_probs = false, .scalars = true});
  auto const reference = poft::response_log_probs(*models.reference, samples);
  auto const &old = samples.column("old_log_prob"), &reward = samples.column("reward");
  std::vector<double> advantage, target, rewards, values;
  for (std::int64_t r = 0; r < samples.responses(); ++r) {
    rewards.clear();
    auto const first = static_cast<std::size_t>(samples.token_offset(r)),
               last  = static_cast<std::size_t>(samples.token_offset(r + 1));
    for (std::size_t t = first; t < last; ++t) rewards.push_back(-beta * (old[t] - reference[t]));
    rewards.back() += reward[static_cast<std::size_t>(r)];
    auto const gae =
        poft::preference::generalised_advantage(rewards, std::span(now.value).subspan(first, last - first));
    advantage.insert(advantage.end(), gae.advantage.begin(), gae.advantage.end());
    target.insert(target.end(), gae.returns.begin(), gae.returns.end());
  }
  samples.set("advantage", poft::preference::whiten(advantage));
  samples.set("target", std::move(target));
  return samples;
}

}  // namespace

learner_kind const& kind_of(learner one) {
  static learner_kind const kinds[] = {
      {"pref_ft", "", {0}},
      {"best_of_n", "", {0}},
      {"rwr", "temperature, in standard deviations of the reward", {0.05, 0.1, 0.3, 1}},
      {"dpo", "beta", {0.02, 0.05, 0.1, 0.3}},
      {"ipo", "target [nats]", {3, 10, 30, 100}},
      {"ppo", "beta, price of a nat of KL", {0, 0.01, 0.03, 0.1}},
      {"reinforce", "beta, price of a nat of KL", {0, 0.01, 0.03, 0.1}},
  };
  return kinds[static_cast<int>(one)];
}

std::vector<poft::training_term> terms_of(learner one, double parameter) {
  switch (one) {
    case learner::pref_ft: {
      poft::training_term term{poft::make_objective("weighted_nll")};
      term.member = "chosen";
      return {term};
    }
    case learner::best_of_n:
    case learner::rwr:
      return {{poft::make_objective("weighted_nll")}};
    case learner::dpo:
      return {{poft::make_objective("dpo", {{"beta", parameter}})}};
    case learner::ipo:
      return {{poft::make_objective("ipo_bandit", {{"beta", parameter}})}};
    case learner::reinforce:
      return {{poft::make_objective("reinforce")}};
    case learner::ppo:
      break;
  }
  return {{poft::make_objective("ppo_clip"), 1, poft::objective_level::token},
          {poft::make_objective("value_mse"), 0.5, poft::objective_level::token}};
}

std::int64_t examples_of(learner one, std::int64_t responses, std::int64_t samples_per_prompt) {
  if (learns_from_pairs(one)) return responses / 2;
  return one == learner::best_of_n ? responses / samples_per_prompt : responses;
}

poft::dataset pairs_of(poft::dataset samples, std::int64_t samples_per_prompt, network& reference) {
  samples.set("reference_log_prob", of_responses(samples, poft::response_log_probs(reference, samples)));
  return poft::as_pairs(samples, samples_per_prompt, 1e-6);
}

poft::dataset prepare(learner one, double parameter, poft::dataset samples, std::int64_t samples_per_prompt,
                      looked_at models, std::vector<double>& state) {
  if (learns_from_pairs(one)) {
    auto pairs = pairs_of(std::move(samples), samples_per_prompt, *models.reference);
    return one == learner::pref_ft ? weighted_alike(std::move(pairs)) : pairs;
  }
  if (one == learner::ppo) return with_advantages_of_tokens(std::move(samples), parameter, models);
  auto const& reward = samples.column("reward");
  if (one == learner::best_of_n) {
    auto const best = poft::preference::best_of_n(reward, static_cast<std::size_t>(samples_per_prompt)).best;
    std::vector<std::int64_t> places;
    for (std::size_t p = 0; p < best.size(); ++p)
      places.push_back(static_cast<std::int64_t>(p) * samples_per_prompt +
                       static_cast<std::int64_t>(best[p]));
    return weighted_alike(samples.chosen(places));
  }
  if (one == learner::rwr) {
    auto weights = poft::preference::normalised_weights(reward, parameter);
    for (double& weight : weights) weight *= static_cast<double>(weights.size());
    samples.set("weight", std::move(weights));
    return samples;
  }
  auto const old       = of_responses(samples, samples.column("old_log_prob"));
  auto const reference = of_responses(samples, poft::response_log_probs(*models.reference, samples));
  std::vector<double> paid;
  for (std::size_t r = 0; r < reward.size(); ++r)
    paid.push_back(reward[r] - parameter * (old[r] - reference[r]));
  poft::preference::running_mean baseline;
  if (!state.empty()) baseline = {state[0], state[1]};
  samples.set("advantage", poft::preference::running_mean_baseline(paid, baseline));
  state = {baseline.count, baseline.mean};
  return samples;
}

}  // namespace length_study
