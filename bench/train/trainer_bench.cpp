// A step of the trainer: batch, forward, objective by name, backward, clipping, AdamW; beside pytorch_transformer.py.
// SPDX-License-Identifier: MIT
#include "poft/train/trainer.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "../support/timed_calls.hpp"
#include "poft/backend/eigen/backend.hpp"

namespace poft::bench {
namespace {

/// One token of prompt and `time` of response: as many rows, every one of them a target.
dataset random_data(std::int64_t examples, std::int64_t time, std::int64_t vocab) {
  dataset data;
  random_stream random(2);
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(time + 1));
  for (std::int64_t e = 0; e < examples; ++e) {
    for (auto& token : tokens)
      token = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocab)));
    data.add(std::span(tokens).first(1), {std::span<std::int32_t const>(tokens).subspan(1)});
  }
  return data;
}

void run_steps(benchmark::State& state, transformer_config const& config, std::int64_t batch,
               std::int64_t time) {
  transformer<eigen::backend, float> model({.threads = static_cast<int>(state.range(0))}, config);
  initialise(config, model.slices(), 1);
  dataset const data = random_data(batch, time, config.vocab);
  std::vector<std::int64_t> examples(static_cast<std::size_t>(batch));
  std::iota(examples.begin(), examples.end(), std::int64_t{0});
  training_term term{make_objective("nll_sum")};
  term.level = objective_level::token;
  training_settings settings;
  settings.batch = batch;
  settings.clip  = {.max_norm = 1};
  trainer<eigen::backend, float> trained(model, {term}, settings);
  double const seconds                = time_calls(state, [&] { trained.step(data, examples); });
  state.counters["tokens_per_second"] = static_cast<double>(batch * time) / seconds;
}

void add(std::string const& name, transformer_config const& config, std::int64_t batch, std::int64_t time) {
  add_on_threads("trainer_step/" + name + "/" + std::to_string(batch) + "x" + std::to_string(time), run_steps,
                 config, batch, time);
}

[[maybe_unused]] bool const added = [] {
  add("gpt_nano", gpt_nano(100, 10), 1000, 10);
  add("gpt_mini", gpt_mini(256, 128), 16, 128);
  auto gpt2_of_64      = gpt2();
  gpt2_of_64.positions = 64;
  add("gpt2", gpt2_of_64, 4, 64);
  return true;
}();

}  // namespace
}  // namespace poft::bench
