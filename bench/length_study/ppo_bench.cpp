// A round of PPO as the study on lengths runs it: samples, rewards of a reward model, advantages, gradient steps; beside
// pytorch_ppo.py.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "../support/timed_calls.hpp"
#include "length_study/learners.hpp"
#include "length_study/models.hpp"
#include "poft/train/on_policy.hpp"
#include "poft/train/score.hpp"
#include "poft/train/trainer.hpp"

namespace poft::bench {
namespace {

using namespace length_study;

struct round_shape {
  std::int64_t prompts = 32, samples = 4, minibatch = 32, passes = 2;

  std::int64_t responses() const { return prompts * samples; }
  std::int64_t steps() const { return passes * responses() / minibatch; }
};

/// Prompts and responses of full length: no end token, so that every round has the same work.
void run_rounds(benchmark::State& state, round_shape const& shape) {
  length_study::backend const on{.threads = static_cast<int>(state.range(0))};
  network policy(on, config_of()), reference(on, config_of()), judge(on, config_of());
  initialise(policy, 1);
  initialise(reference, 1);
  initialise(judge, 2);
  random_stream random(3);
  std::vector<std::vector<std::int32_t>> prompts(static_cast<std::size_t>(shape.prompts));
  for (auto& prompt : prompts) {
    for (std::size_t t = 0; t < longest_prompt; ++t)
      prompt.push_back(
          static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(policy.config().vocab))));
  }
  auto source = on_policy(
      policy, prompts,
      {.prompts_per_round  = shape.prompts,
       .samples_per_prompt = shape.samples,
       .steps              = shape.steps(),
       .generation         = {.new_tokens = longest_response, .seed = 4}},
      [&](dataset const& samples) { return response_rewards(judge, samples); },
      [&](dataset samples, std::vector<double>& kept) {
        return prepare(learner::ppo, 0.03, std::move(samples), shape.samples, {&policy, &reference}, kept);
      });
  training_settings settings{.batch = shape.minibatch, .learning_rate = 1e-4};
  settings.clip = {.max_norm = 1};
  trainer<length_study::backend, float> training(policy, terms_of(learner::ppo, 0.03), settings);

  std::int64_t round = 0;
  std::vector<double> kept;
  double const seconds                = time_calls(state, [&] {
    dataset const data = source.collect(round, kept);
    data_order order(data.examples(), static_cast<std::uint64_t>(round++));
    for (std::int64_t k = 0; k < shape.steps(); ++k)
      training.step(data, order.take(k * shape.minibatch, shape.minibatch));
  });
  state.counters["tokens_per_second"] = static_cast<double>(shape.responses() * longest_response) / seconds;
  state.counters["steps"]             = static_cast<double>(shape.steps());
}

[[maybe_unused]] bool const added = [] {
  round_shape const shape;
  add_on_threads("ppo_round/gpt_length/" + std::to_string(shape.responses()) + "x" +
                     std::to_string(longest_prompt) + "+" + std::to_string(longest_response),
                 run_rounds, shape);
  return true;
}();

}  // namespace
}  // namespace poft::bench
