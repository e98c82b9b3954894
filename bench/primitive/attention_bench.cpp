// Causal attention of three models: forward, forward and backward; beside pytorch_primitives.py.
// SPDX-License-Identifier: MIT
#include "poft/primitive/attention.hpp"

#include <cstdint>
#include <vector>

#include "../support/timed_calls.hpp"
#include "model_shapes.hpp"
#include "poft/backend/eigen/backend.hpp"

namespace poft::bench {
namespace {

void run(benchmark::State& state, model_shape const& model, int threads, bool backward) {
  using attention = primitive::attention<eigen::backend>;
  primitive::attention_shape const shape{model.heads, model.heads, model.head_channels};
  std::vector<std::int64_t> offsets{0};
  for (std::int64_t s = 0; s < model.sequences; ++s) offsets.push_back(offsets.back() + model.time);
  random_matrix qkv(model.tokens(), shape.qkv_channels(), 1), d_y(model.tokens(), model.channels(), 2);
  random_matrix y(model.tokens(), model.channels(), 3), log_normaliser(model.tokens(), model.heads, 4),
      d_qkv(model.tokens(), shape.qkv_channels(), 5);

  eigen::backend const backend{.threads = threads};
  double const seconds = time_calls(state, [&] {
    attention::forward(backend, shape, offsets, qkv.matrix, y.matrix, log_normaliser.matrix);
    if (backward) {
      attention::backward(backend, shape, offsets, qkv.matrix, y.matrix, log_normaliser.matrix, d_y.matrix,
                          d_qkv.matrix);
    }
  });
  // Two products forward, five backward, over the pairs of a query and a key that it sees.
  auto const pairs = static_cast<double>(model.sequences * model.heads * model.time * (model.time + 1) / 2);
  double const operations = (backward ? 14.0 : 4.0) * pairs * static_cast<double>(model.head_channels);
  state.counters["gigaflop_per_s"] = 1e-9 * operations / seconds;
}

[[maybe_unused]] bool const added = [] {
  for (bool const backward : {false, true}) {
    add_primitive_bench(backward ? "attention_step" : "attention_forward",
                        [=](benchmark::State& state, model_shape const& model, int threads) {
                          run(state, model, threads, backward);
                        });
  }
  return true;
}();

}  // namespace
}  // namespace poft::bench
