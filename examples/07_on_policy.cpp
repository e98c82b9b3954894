// Training on the policy's own samples: GRPO with a reward function, then the same with a learned reward model.
// SPDX-License-Identifier: MIT
#include <cstdio>

#include "poft/backend/eigen/backend.hpp"
#include "poft/preference/advantage.hpp"
#include "poft/train/on_policy.hpp"
#include "poft/train/score.hpp"

using namespace poft;
using tokens = std::vector<std::int32_t>;
using model  = transformer<eigen::backend, double>;

constexpr std::int32_t letters = 12;

model new_model(std::uint64_t seed, bool scalar_head = false) {
  transformer_config config = gpt(/*layers*/ 1, /*heads*/ 2, /*channels*/ 32, letters, /*positions*/ 8);
  config.scalar_head        = scalar_head;
  model out({}, config);
  initialise(config, out.slices(), seed);
  return out;
}

// What we want: a, e and i, three of the twelve letters.
double share_of_vowels(dataset::tokens, dataset::tokens response) {
  double vowels = 0;
  for (std::int32_t const letter : response) vowels += letter % 4 == 0;
  return vowels / static_cast<double>(response.size());
}

void train(char const* judge, reward_function const& rewards) {
  constexpr std::int64_t group = 8;
  model policy = new_model(1), reference = new_model(1);
  std::vector<tokens> prompts;
  for (std::int32_t k = 0; k < letters; ++k) prompts.push_back({k});
  on_policy_settings const sampling{
      .samples_per_prompt = group, .steps = 2, .generation = {.new_tokens = 6, .seed = 1}};
  auto const prepare = [&](dataset samples, auto&) {
    samples.set("advantage", preference::group_mean_std(samples.column("reward"), group));
    samples.set("reference_log_prob", response_log_probs(reference, samples));
    return samples;
  };
  training_term grpo{make_objective("ppo_clip_k3", {{"kl_coefficient", 0.01}})};
  grpo.level       = objective_level::token;
  grpo.aggregation = objective::aggregation::sequence_mean;
  trainer<eigen::backend, double> trained(policy, {grpo}, {.steps = 80, .batch = 96, .learning_rate = 3e-3});
  trained.run(on_policy(policy, prompts, sampling, rewards, prepare));

  std::vector<dataset::tokens> const views(prompts.begin(), prompts.end());
  auto const samples = sample_responses(policy, std::span(views), 20, {.new_tokens = 6, .seed = 2});
  double mean        = 0;
  for (double const one : reward_of_each(share_of_vowels)(samples)) mean += one / samples.examples();
  std::printf("judged by %-15s %.1f of the letters are vowels\n", judge, mean);
}

int main() {
  model const start = new_model(1);
  train("the function:", reward_of_each(share_of_vowels));

  // Bradley-Terry on random pairs, the one with more vowels chosen.
  std::vector<tokens> const prompts(300, tokens{0});
  std::vector<dataset::tokens> const views(prompts.begin(), prompts.end());
  auto samples = sample_responses(start, std::span(views), 2, {.new_tokens = 6, .seed = 3});
  samples.set("reward", reward_of_each(share_of_vowels)(samples));
  dataset const pairs = as_pairs(samples, 2, /*min_difference*/ 0.1);
  model judge         = new_model(2, /*scalar_head*/ true);
  trainer<eigen::backend, double> judging(judge, {{make_objective("bt_reward")}},
                                          {.steps = 200, .batch = 32, .learning_rate = 3e-3});
  judging.run(pairs);
  std::printf("the reward model is right on %.1f of its pairs\n", judging.evaluate(pairs).accuracy);
  train("a reward model:", [&](dataset const& of) { return response_rewards(judge, of); });
}

// Output:
// judged by the function:   1.0 of the letters are vowels
// the reward model is right on 1.0 of its pairs
// judged by a reward model: 0.9 of the letters are vowels
