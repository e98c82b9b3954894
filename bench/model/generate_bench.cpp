// Generation with a cache of keys and values, temperature 1: prompts in, tokens and their log-probs out; beside
// pytorch_generate.py.
// SPDX-License-Identifier: MIT
#include "poft/model/generate.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "../support/timed_calls.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/core/random.hpp"

namespace poft::bench {
namespace {

void run(benchmark::State& state, transformer_config const& config, std::int64_t prompts, std::int64_t length,
         generation_options options) {
  eigen::backend const backend{.threads = static_cast<int>(state.range(0))};
  std::vector<float> weights(static_cast<std::size_t>(parameter_count(config)));
  transformer_slices<float> const slices(config, weights.data());
  initialise(config, slices, 1);
  random_stream random(2);
  std::vector<std::int32_t> tokens;
  std::vector<std::int64_t> offsets{0};
  for (std::int64_t s = 0; s < prompts; ++s) {
    offsets.push_back(offsets.back() + length);
    for (std::int64_t t = 0; t < length; ++t) {
      tokens.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(config.vocab))));
    }
  }
  double const seconds                    = time_calls(state, [&] {
    ++options.seed;
    benchmark::DoNotOptimize(generate(backend, config, slices, tokens, offsets, options));
  });
  state.counters["new_tokens_per_second"] = static_cast<double>(prompts * options.new_tokens) / seconds;
}

/// name/PROMPTSxLENGTH+NEW
void add(std::string const& name, transformer_config const& config, std::int64_t prompts, std::int64_t length,
         generation_options const& options) {
  add_on_threads("generate/" + name + "/" + std::to_string(prompts) + "x" + std::to_string(length) + "+" +
                     std::to_string(options.new_tokens),
                 run, config, prompts, length, options);
}

[[maybe_unused]] bool const added = [] {
  add("gpt_nano", gpt_nano(100, 10), 1000, 1, {.new_tokens = 10});
  add("gpt_nano_top_p", gpt_nano(100, 10), 1000, 1, {.new_tokens = 10, .sampling = {.top_p = 0.9}});
  add("gpt_mini", gpt_mini(256, 256), 1, 1, {.new_tokens = 256});
  add("gpt_mini", gpt_mini(256, 128), 16, 64, {.new_tokens = 64});
  add("gpt2", gpt2(), 4, 16, {.new_tokens = 16});
  add("gpt2_top_p", gpt2(), 4, 16, {.new_tokens = 16, .sampling = {.top_p = 0.9}});
  return true;
}();

}  // namespace
}  // namespace poft::bench
