// The batches of the three models whose training step is timed: shapes that their primitives meet.
// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../support/timed_calls.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"

namespace poft::bench {

struct model_shape {
  char const* name;
  std::int64_t sequences, time, heads, head_channels;

  std::int64_t tokens() const { return sequences * time; }
  std::int64_t channels() const { return heads * head_channels; }
};

/// pytorch_primitives.py has the same; the last is one long sequence of GPT-2's.
inline constexpr model_shape model_shapes[] = {{"gpt_nano", 1000, 10, 3, 16},
                                               {"gpt_mini", 16, 128, 6, 32},
                                               {"gpt2", 4, 64, 12, 64},
                                               {"gpt2_long", 1, 1024, 12, 64}};

/// [rows, columns], uniform in (-1, 1).
struct random_matrix {
  std::vector<float> numbers;
  view<float, 2> matrix;

  random_matrix(std::int64_t rows, std::int64_t columns, std::uint64_t seed)
      : numbers(static_cast<std::size_t>(rows * columns)), matrix(numbers.data(), rows, columns) {
    random_stream random(seed);
    for (float& x : numbers) x = 2 * random.uniform<float>() - 1;
  }
};

/// run(state, shape, threads) for every model on 1 and 2 threads, as primitive/NAME/MODEL.
template <class Run>
void add_primitive_bench(std::string const& name, Run run) {
  for (model_shape const& shape : model_shapes) {
    add_on_threads("primitive/" + name + "/" + shape.name,
                   [=](benchmark::State& state) { run(state, shape, static_cast<int>(state.range(0))); });
  }
}

}  // namespace poft::bench
