// Layer normalisation of three models' residual stream: forward, forward and backward; beside pytorch_primitives.py.
// SPDX-License-Identifier: MIT
#include "poft/primitive/layer_norm.hpp"

#include <cstddef>
#include <vector>

#include "../support/timed_calls.hpp"
#include "model_shapes.hpp"
#include "poft/backend/eigen/backend.hpp"

namespace poft::bench {
namespace {

void run(benchmark::State& state, model_shape const& model, int threads, bool backward) {
  using layer_norm = primitive::layer_norm<eigen::backend>;
  random_matrix x(model.tokens(), model.channels(), 1), d_y(model.tokens(), model.channels(), 2);
  random_matrix y(model.tokens(), model.channels(), 3), d_x(model.tokens(), model.channels(), 4);
  auto const width = static_cast<std::size_t>(model.channels());
  std::vector<float> const gain(width, 1.0f), bias(width);
  std::vector<float> d_gain(width), d_bias(width);
  std::vector<row_moments<float>> moments(static_cast<std::size_t>(model.tokens()));
  eigen::backend const backend{.threads = threads};
  double const seconds                      = time_calls(state, [&] {
    layer_norm::forward(backend, x.matrix, gain, bias, 1e-5, y.matrix, moments);
    if (backward) {
      layer_norm::backward(backend, x.matrix, moments, gain, d_y.matrix, d_x.matrix, d_gain, d_bias);
    }
  });
  state.counters["nanoseconds_per_element"] = 1e9 * seconds / static_cast<double>(x.matrix.size());
}

[[maybe_unused]] bool const added = [] {
  for (bool const backward : {false, true}) {
    add_primitive_bench(backward ? "layer_norm_step" : "layer_norm_forward",
                        [=](benchmark::State& state, model_shape const& model, int threads) {
                          run(state, model, threads, backward);
                        });
  }
  return true;
}();

}  // namespace
}  // namespace poft::bench
