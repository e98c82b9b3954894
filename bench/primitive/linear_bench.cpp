// The linear layer before three models' hidden layer: forward, forward and backward; beside pytorch_primitives.py.
// SPDX-License-Identifier: MIT
#include "poft/primitive/linear.hpp"

#include <cstddef>
#include <vector>

#include "../support/multiply_speed.hpp"
#include "../support/timed_calls.hpp"
#include "model_shapes.hpp"
#include "poft/backend/eigen/backend.hpp"

namespace poft::bench {
namespace {

void run(benchmark::State& state, model_shape const& model, int threads, bool backward) {
  using linear       = primitive::linear<eigen::backend>;
  auto const outputs = 4 * model.channels();
  random_matrix x(model.tokens(), model.channels(), 1), d_y(model.tokens(), outputs, 2);
  random_matrix weight(outputs, model.channels(), 3), d_weight(outputs, model.channels(), 4);
  random_matrix y(model.tokens(), outputs, 5), d_x(model.tokens(), model.channels(), 6);
  std::vector<float> const bias(static_cast<std::size_t>(outputs));
  std::vector<float> d_bias(static_cast<std::size_t>(outputs));
  eigen::backend const backend{.threads = threads};
  double const seconds             = time_calls(state, [&] {
    linear::forward(backend, x.matrix, weight.matrix, bias, y.matrix);
    if (backward) {
      linear::backward(backend, x.matrix, weight.matrix, d_y.matrix, d_x.matrix, d_weight.matrix, d_bias);
    }
  });
  double const operations          = (backward ? 6.0 : 2.0) * static_cast<double>(x.matrix.size() * outputs);
  state.counters["gigaflop_per_s"] = 1e-9 * operations / seconds;
  state.counters["share_of_peak"]  = operations / seconds / speed_of_multiplication(threads);
}

[[maybe_unused]] bool const added = [] {
  for (bool const backward : {false, true}) {
    add_primitive_bench(backward ? "linear_step" : "linear_forward",
                        [=](benchmark::State& state, model_shape const& model, int threads) {
                          run(state, model, threads, backward);
                        });
  }
  return true;
}();

}  // namespace
}  // namespace poft::bench
