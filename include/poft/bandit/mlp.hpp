// The bandit's network: one narrow normalised layer, two hidden ones; explicit forward and backward.
// SPDX-License-Identifier: MIT
//
//   contexts [batch, inputs] -> linear [batch, normalised] -> layer norm -> relu or tanh
//                            -> linear [batch, hidden] -> relu -> linear [batch, hidden] -> relu
//                            -> linear [batch, outputs]
//
// Tajwar et al. 2024, arXiv:2404.14367: widths 100, 50, 256, 256; weights Xavier-uniform with gain 0.01
// (Glorot and Bengio 2010, eq. 16), biases zero.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "poft/backend/concept.hpp"
#include "poft/core/error.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/primitive/layer_norm.hpp"
#include "poft/primitive/linear.hpp"
#include "poft/primitive/networks.hpp"
#include "poft/primitive/relu.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/primitive/tanh.hpp"

namespace poft::bandit {

enum class activation { relu, tanh };

struct mlp_shape {
  std::ptrdiff_t inputs     = 100;
  std::ptrdiff_t normalised = 50;
  std::ptrdiff_t hidden     = 256;
  std::ptrdiff_t outputs    = 100;
  /// After the layer norm; the paper's continuous policies have tanh.
  activation after_norm = activation::relu;

  void validate() const {
    auto const check = [](char const* name, std::ptrdiff_t width) {
      if (width < 1) throw value_error(message("mlp_shape: ", name, " is ", width, ", expected >= 1"));
    };
    check("inputs", inputs);
    check("normalised", normalised);
    check("hidden", hidden);
    check("outputs", outputs);
  }
  bool operator==(mlp_shape const&) const = default;
};

/// Weights [outputs, inputs] and biases [outputs] of one linear layer.
template <class T>
struct linear_parameters {
  view<T, 2> weight;
  view<T> bias;
};

/// Named slices of one flat buffer: of the parameters, or of their gradient.
template <class T>
struct mlp_slices {
  linear_parameters<T> first;   // [normalised, inputs]
  view<T> gain, bias;           // of the layer norm: [normalised]
  linear_parameters<T> second;  // [hidden, normalised]
  linear_parameters<T> third;   // [hidden, hidden]
  linear_parameters<T> last;    // [outputs, hidden]
  std::ptrdiff_t size = 0;      // elements of the whole buffer

  mlp_slices(mlp_shape const& shape, T* base) {
    auto const take = [&](std::ptrdiff_t count) {
      T* const here = base ? base + size : nullptr;
      size += count;
      return here;
    };
    auto const take_linear = [&](std::ptrdiff_t outputs, std::ptrdiff_t inputs) {
      view<T, 2> const weight(take(outputs * inputs), outputs, inputs);
      return linear_parameters<T>{weight, view<T>(take(outputs), outputs)};
    };
    first  = take_linear(shape.normalised, shape.inputs);
    gain   = {take(shape.normalised), shape.normalised};
    bias   = {take(shape.normalised), shape.normalised};
    second = take_linear(shape.hidden, shape.normalised);
    third  = take_linear(shape.hidden, shape.hidden);
    last   = take_linear(shape.outputs, shape.hidden);
  }
};

/// Parameters, gradient and activations of a network, or of several side by side, in the backend's memory. Nothing is
/// allocated after the first call with the largest batch.
template <class Backend, class T>
  requires backend_for<Backend, T>
class mlp {
 public:
  static constexpr double layer_norm_epsilon = 1e-5;

  /// The weights are drawn from the stream layer by layer, each as one double, so that float and double start
  /// alike.
  mlp(Backend backend, mlp_shape const& shape, random_stream random)
      : mlp(std::move(backend), shape, std::span<random_stream const>(&random, 1)) {}
  /// A network for each stream: their parameters one after the other, and in every batch as many rows of each.
  mlp(Backend backend, mlp_shape const& shape, std::span<random_stream const> streams)
      : backend_(std::move(backend)), shape_(shape) {
    shape.validate();
    all_        = {std::ssize(streams), mlp_slices<T>(shape, nullptr).size};
    parameters_ = backend_.template allocate<T>(all_.count * all_.stride);
    gradient_   = backend_.template allocate<T>(all_.count * all_.stride);
    change_on_host(backend_, parameters(), [&](std::span<T> elements) {
      for (std::size_t n = 0; n < streams.size(); ++n) {
        random_stream random = streams[n];
        mlp_slices<T> const p(shape, elements.data() + static_cast<std::ptrdiff_t>(n) * all_.stride);
        view<T, 2> const weights[]{p.first.weight, p.second.weight, p.third.weight, p.last.weight};
        for (view<T, 2> const weight : weights) {
          double const bound = 0.01 * std::sqrt(6.0 / static_cast<double>(weight.rows() + weight.columns()));
          for (std::ptrdiff_t k = 0; k < weight.size(); ++k) {
            weight.data()[k] = static_cast<T>(bound * (2 * random.uniform<double>() - 1));
          }
        }
        for (T& gain : p.gain) gain = T(1);
      }
    });
  }

  Backend const& backend() const { return backend_; }
  mlp_shape const& shape() const { return shape_; }

  std::span<T> parameters() { return {parameters_.data(), static_cast<std::size_t>(parameters_.size())}; }
  std::span<T const> parameters() const {
    return {parameters_.data(), static_cast<std::size_t>(parameters_.size())};
  }
  std::span<T> gradient() { return {gradient_.data(), static_cast<std::size_t>(gradient_.size())}; }
  poft::networks const& networks() const { return all_; }
  mlp_slices<T> slices(std::ptrdiff_t network = 0) {
    return {shape_, parameters_.data() + network * all_.stride};
  }
  mlp_slices<T> gradient_slices(std::ptrdiff_t network = 0) {
    return {shape_, gradient_.data() + network * all_.stride};
  }
  void zero_gradient() { backend_.fill(view<T>(gradient_.data(), gradient_.size()), T(0)); }

  /// Rows of the last forward.
  std::ptrdiff_t batch() const { return batch_; }
  view<T const, 2> outputs() const { return now_.outputs; }

  /// contexts [batch, inputs], of the host or of the backend -> outputs [batch, outputs], the backend's, valid until the next
  /// forward. The contexts are copied.
  view<T const, 2> forward(view<T const, 2> contexts) {
    primitive::require_shape("mlp forward", "contexts", contexts, contexts.rows(), shape_.inputs);
    if (contexts.rows() % all_.count != 0) {
      throw shape_error(message("mlp forward: ", contexts.rows(), " contexts for ", all_.count,
                                " networks, expected equally many for each"));
    }
    reserve(contexts.rows());
    if constexpr (works_in_host_memory<Backend>) {
      std::ptrdiff_t const rows   = batch_ / all_.count;  // of a network
      std::ptrdiff_t const pieces = (rows + rows_in_a_piece - 1) / rows_in_a_piece;
      for_pieces(backend_, all_.count * pieces, [&](Backend const& b, std::int64_t k) {
        std::ptrdiff_t const network = k / pieces, piece = k % pieces, begin = rows * piece / pieces,
                             count = rows * (piece + 1) / pieces - begin, first = network * rows + begin;
        forward_rows(b, {}, slices(network), contexts.subview(first, count), now_.rows(first, count));
      });
    } else if (batch_ > 0) {
      forward_rows(backend_, all_, slices(), contexts, now_.rows(0, batch_));
    }
    return now_.outputs;
  }

  /// d_outputs [batch, outputs] = dL/d outputs of the last forward; dL/d parameters is added to gradient().
  void backward(view<T const, 2> d_outputs) {
    primitive::require_shape("mlp backward", "d_outputs", d_outputs, batch_, shape_.outputs);
    if constexpr (works_in_host_memory<Backend>) {
      std::ptrdiff_t const rows = batch_ / all_.count;
      for (std::ptrdiff_t n = 0; n < all_.count; ++n) {
        backward_rows({}, slices(n), gradient_slices(n), d_outputs.subview(n * rows, rows),
                      now_.rows(n * rows, rows));
      }
    } else {
      backward_rows(all_, slices(), gradient_slices(), d_outputs, now_.rows(0, batch_));
    }
  }

 private:
  using layer_norm = primitive::layer_norm<Backend>;
  using linear     = primitive::linear<Backend>;
  using relu       = primitive::relu<Backend>;
  using tanh       = primitive::tanh<Backend>;

  /// Contexts that go through the whole network on one thread: with fewer, packing the weights would cost as much as
  /// multiplying by them.
  static constexpr std::ptrdiff_t rows_in_a_piece = 50;

  /// What the last forward left behind, and what backward passes on; activations stand in the place of their
  /// inputs.
  struct activations {
    view<T, 2> contexts;           // [batch, inputs]
    view<T, 2> first;              // [batch, normalised]  before the layer norm
    view<T, 2> normalised;         // [batch, normalised]  after norm and activation
    view<T, 2> second, third;      // [batch, hidden]      after relu
    view<T, 2> outputs;            // [batch, outputs]
    view<T, 2> d_wide[2];          // [batch, hidden]
    view<T, 2> d_normalised;       // [batch, normalised]
    view<row_moments<T>> moments;  // [batch]

    activations rows(std::ptrdiff_t from, std::ptrdiff_t count) const {
      auto const cut = [&](auto const& whole) { return whole.subview(from, count); };
      return {cut(contexts),
              cut(first),
              cut(normalised),
              cut(second),
              cut(third),
              cut(outputs),
              {cut(d_wide[0]), cut(d_wide[1])},
              cut(d_normalised),
              cut(moments)};
    }
  };

  /// p: of the first of the networks that these rows belong to.
  void forward_rows(Backend const& b, poft::networks const& all, mlp_slices<T> const& p,
                    view<T const, 2> contexts, activations const& a) const {
    if (contexts.row_stride() == contexts.columns()) {
      b.copy(view<T const>(contexts.data(), contexts.size()), view<T>(a.contexts.data(), contexts.size()));
    } else {
      for (std::ptrdiff_t r = 0; r < contexts.rows(); ++r) b.copy(contexts.row(r), a.contexts.row(r));
    }
    linear::forward(b, a.contexts, p.first.weight, p.first.bias, a.first, all);
    layer_norm::forward(b, a.first, p.gain, p.bias, layer_norm_epsilon, a.normalised, a.moments, all);
    shape_.after_norm == activation::relu ? relu::forward(b, a.normalised, a.normalised)
                                          : tanh::forward(b, a.normalised, a.normalised);
    linear::forward(b, a.normalised, p.second.weight, p.second.bias, a.second, all);
    relu::forward(b, a.second, a.second);
    linear::forward(b, a.second, p.third.weight, p.third.bias, a.third, all);
    relu::forward(b, a.third, a.third);
    linear::forward(b, a.third, p.last.weight, p.last.bias, a.outputs, all);
  }

  void backward_rows(poft::networks const& all, mlp_slices<T> const& p, mlp_slices<T> const& d,
                     view<T const, 2> d_outputs, activations const& a) const {
    auto const& wide   = a.d_wide;  // dL/d of what the third, then the second hidden layer put out
    auto const& narrow = a.d_normalised;

    linear::backward(backend_, a.third, p.last.weight, d_outputs, wide[0], d.last.weight, d.last.bias, all);
    relu::backward(backend_, a.third, wide[0], wide[0]);
    linear::backward(backend_, a.second, p.third.weight, wide[0], wide[1], d.third.weight, d.third.bias, all);
    relu::backward(backend_, a.second, wide[1], wide[1]);
    linear::backward(backend_, a.normalised, p.second.weight, wide[1], narrow, d.second.weight, d.second.bias,
                     all);
    shape_.after_norm == activation::relu ? relu::backward(backend_, a.normalised, narrow, narrow)
                                          : tanh::backward(backend_, a.normalised, narrow, narrow);
    layer_norm::backward(backend_, a.first, a.moments, p.gain, narrow, narrow, d.gain, d.bias, all);
    linear::backward(backend_, a.contexts, p.first.weight, narrow, {}, d.first.weight, d.first.bias, all);
  }

  void reserve(std::ptrdiff_t batch) {
    if (batch == batch_) return;
    std::ptrdiff_t const per_row = shape_.inputs + 3 * shape_.normalised + 4 * shape_.hidden + shape_.outputs;
    if (batch * per_row > arena_.size()) {
      arena_   = backend_.template allocate<T>(batch * per_row);
      moments_ = backend_.template allocate<row_moments<T>>(batch);
    }
    T* next         = arena_.data();
    auto const take = [&](std::ptrdiff_t width) {
      view<T, 2> const matrix(next, batch, width);
      next += batch * width;
      return matrix;
    };
    now_.contexts     = take(shape_.inputs);
    now_.first        = take(shape_.normalised);
    now_.normalised   = take(shape_.normalised);
    now_.d_normalised = take(shape_.normalised);
    now_.second       = take(shape_.hidden);
    now_.third        = take(shape_.hidden);
    now_.d_wide[0]    = take(shape_.hidden);
    now_.d_wide[1]    = take(shape_.hidden);
    now_.outputs      = take(shape_.outputs);
    now_.moments      = {moments_.data(), batch};
    batch_            = batch;
  }

  Backend backend_;
  mlp_shape shape_;
  poft::networks all_;
  buffer_of<Backend, T> parameters_, gradient_, arena_;
  buffer_of<Backend, row_moments<T>> moments_;
  activations now_;
  std::ptrdiff_t batch_ = 0;
};

}  // namespace poft::bandit
