// The tanh form of gelu on the hidden layer of three models: forward, forward and backward; beside pytorch_primitives.py.
// SPDX-License-Identifier: MIT
#include "poft/primitive/gelu.hpp"

#include "../support/timed_calls.hpp"
#include "model_shapes.hpp"
#include "poft/backend/eigen/backend.hpp"

namespace poft::bench {
namespace {

void run(benchmark::State& state, model_shape const& model, int threads, bool backward) {
  using gelu = primitive::gelu<eigen::backend>;
  random_matrix x(model.tokens(), 4 * model.channels(), 1), d_y(model.tokens(), 4 * model.channels(), 2);
  random_matrix y(model.tokens(), 4 * model.channels(), 3), d_x(model.tokens(), 4 * model.channels(), 4);
  eigen::backend const backend{.threads = threads};
  double const seconds                      = time_calls(state, [&] {
    gelu::forward(backend, x.matrix, y.matrix);
    if (backward) gelu::backward(backend, x.matrix, d_y.matrix, d_x.matrix);
  });
  state.counters["nanoseconds_per_element"] = 1e9 * seconds / static_cast<double>(x.matrix.size());
}

[[maybe_unused]] bool const added = [] {
  for (bool const backward : {false, true}) {
    add_primitive_bench(backward ? "gelu_step" : "gelu_forward",
                        [=](benchmark::State& state, model_shape const& model, int threads) {
                          run(state, model, threads, backward);
                        });
  }
  return true;
}();

}  // namespace
}  // namespace poft::bench
