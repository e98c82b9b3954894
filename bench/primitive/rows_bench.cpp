// The primitives that look at a row by itself, and the embedding: forward, forward and backward; beside
// pytorch_primitives.py.
// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../support/timed_calls.hpp"
#include "model_shapes.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/primitive/add.hpp"
#include "poft/primitive/column_sum.hpp"
#include "poft/primitive/dropout.hpp"
#include "poft/primitive/embedding.hpp"
#include "poft/primitive/gelu.hpp"
#include "poft/primitive/log_softmax.hpp"
#include "poft/primitive/relu.hpp"
#include "poft/primitive/rms_norm.hpp"
#include "poft/primitive/rotary.hpp"
#include "poft/primitive/swiglu.hpp"
#include "poft/primitive/tanh.hpp"

namespace poft::bench {
namespace {

using backend = eigen::backend;

/// What they read and write: matrices of [tokens, width], one twice as wide, and numbers per row, column and item.
struct operands {
  static constexpr std::int64_t vocab = 1000;

  std::int64_t rows, width;
  random_matrix x, d_y, y, d_x, wide, d_wide, table, d_table;
  std::vector<float> of_columns, d_of_columns, of_rows;
  std::vector<std::int32_t> tokens, positions;

  operands(model_shape const& model, std::int64_t width)
      : rows(model.tokens()),
        width(width),
        x(rows, width, 1),
        d_y(rows, width, 2),
        y(rows, width, 3),
        d_x(rows, width, 4),
        wide(rows, 2 * width, 5),
        d_wide(rows, 2 * width, 6),
        table(vocab, width, 7),
        d_table(vocab, width, 8),
        of_columns(static_cast<std::size_t>(width), 1.0f),
        d_of_columns(of_columns.size()),
        of_rows(static_cast<std::size_t>(rows)) {
    random_stream random(9);
    for (std::int64_t r = 0; r < rows; ++r) {
      tokens.push_back(static_cast<std::int32_t>(random.below(vocab)));
      positions.push_back(static_cast<std::int32_t>(r % model.time));
    }
  }
};

/// As NAME_forward and NAME_step; `channels` is the width in those of the model.
template <class Forward, class Backward>
void add(std::string const& name, std::int64_t channels, Forward forward, Backward backward) {
  for (bool const with_backward : {false, true}) {
    add_primitive_bench(name + (with_backward ? "_step" : "_forward"),
                        [=](benchmark::State& state, model_shape const& model, int threads) {
                          operands o(model, channels * model.channels());
                          backend const b{.threads = threads};
                          double const seconds = time_calls(state, [&] {
                            forward(b, o, model);
                            if (with_backward) backward(b, o, model);
                          });
                          state.counters["nanoseconds_per_element"] =
                              1e9 * seconds / static_cast<double>(o.x.matrix.size());
                        });
  }
}

/// Where y alone decides the derivative.
template <class Primitive>
void add_of_output(std::string const& name) {
  add(
      name, 4,
      [](backend const& b, operands& o, model_shape const&) {
        Primitive::forward(b, o.x.matrix, o.y.matrix);
      },
      [](backend const& b, operands& o, model_shape const&) {
        Primitive::backward(b, o.y.matrix, o.d_y.matrix, o.d_x.matrix);
      });
}

[[maybe_unused]] bool const added = [] {
  add_of_output<primitive::relu<backend>>("relu");
  add_of_output<primitive::tanh<backend>>("tanh");
  add_of_output<primitive::log_softmax<backend>>("log_softmax");
  add(
      "gelu", 4,
      [](backend const& b, operands& o, model_shape const&) {
        primitive::gelu<backend>::forward(b, o.x.matrix, o.y.matrix);
      },
      [](backend const& b, operands& o, model_shape const&) {
        primitive::gelu<backend>::backward(b, o.x.matrix, o.d_y.matrix, o.d_x.matrix);
      });
  add(
      "swiglu", 4,
      [](backend const& b, operands& o, model_shape const&) {
        primitive::swiglu<backend>::forward(b, o.wide.matrix, o.y.matrix);
      },
      [](backend const& b, operands& o, model_shape const&) {
        primitive::swiglu<backend>::backward(b, o.wide.matrix, o.d_y.matrix, o.d_wide.matrix);
      });
  add(
      "rms_norm", 1,
      [](backend const& b, operands& o, model_shape const&) {
        primitive::rms_norm<backend>::forward(b, o.x.matrix, o.of_columns, 1e-5, o.y.matrix, o.of_rows);
      },
      [](backend const& b, operands& o, model_shape const&) {
        primitive::rms_norm<backend>::backward(b, o.x.matrix, o.of_rows, o.of_columns, o.d_y.matrix,
                                               o.d_x.matrix, o.d_of_columns);
      });
  add(
      "rotary", 1,
      [](backend const& b, operands& o, model_shape const& model) {
        primitive::rotary<backend>::forward(b, o.positions, model.head_channels, 10000, o.x.matrix);
      },
      [](backend const& b, operands& o, model_shape const& model) {
        primitive::rotary<backend>::backward(b, o.positions, model.head_channels, 10000, o.d_y.matrix);
      });
  add(
      "dropout", 1,
      [](backend const& b, operands& o, model_shape const&) {
        primitive::dropout<backend>::forward(b, 0.1, 1, 2, o.x.matrix, o.y.matrix);
      },
      [](backend const& b, operands& o, model_shape const&) {
        primitive::dropout<backend>::backward(b, 0.1, 1, 2, o.d_y.matrix, o.d_x.matrix);
      });
  add(
      "embedding", 1,
      [](backend const& b, operands& o, model_shape const&) {
        primitive::embedding<backend>::forward(b, o.tokens, o.table.matrix, o.y.matrix);
      },
      [](backend const& b, operands& o, model_shape const&) {
        b.fill(view<float>(o.d_table.numbers), 0);
        primitive::embedding<backend>::backward(b, o.tokens, o.d_y.matrix, o.d_table.matrix);
      });
  add(  // a residual connection: forward the sum, backward its copy; and a bias: backward the sum of columns
      "add", 1,
      [](backend const& b, operands& o, model_shape const&) {
        primitive::add<backend>::accumulate(b, o.x.matrix, o.y.matrix);
      },
      [](backend const& b, operands& o, model_shape const&) {
        primitive::column_sum<backend>::accumulate(b, view<float const, 2>(o.d_y.matrix),
                                                   view<float>(o.d_of_columns));
      });
  return true;
}();

}  // namespace
}  // namespace poft::bench
