// A policy over finitely many actions: the bandit's network with a softmax on its outputs.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "poft/backend/concept.hpp"
#include "poft/bandit/environment.hpp"  // random_of
#include "poft/bandit/mlp.hpp"
#include "poft/bandit/softmax_rows.hpp"
#include "poft/core/error.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/primitive/shape.hpp"

namespace poft::bandit {

/// pi(a | context) = softmax(mlp(context))_a, one row per context. forward() first; everything else speaks about the
/// contexts of its last call.
template <class Backend, class T = float>
class categorical_policy : public softmax_rows<Backend, T> {
  using base = softmax_rows<Backend, T>;

 public:
  using action                  = int;
  using context                 = T;
  static constexpr int elements = 1;  // log-probs per action

  using base::actions;

  /// shape.outputs is the number of actions; the network starts from the seed's own stream for networks.
  categorical_policy(Backend backend, mlp_shape const& shape, std::uint64_t seed)
      : categorical_policy(std::move(backend), shape, std::span<std::uint64_t const>(&seed, 1)) {}
  /// A network for each seed; the rows of a batch are the first one's, then the second one's ...
  categorical_policy(Backend backend, mlp_shape const& shape, std::span<std::uint64_t const> seeds)
      : base(backend, shape.outputs, std::ssize(seeds)),
        network_(std::move(backend), shape, streams_of(seeds, stream::network)),
        cumulative_(static_cast<std::size_t>(shape.outputs)) {}

  void forward(view<T const, 2> contexts) { base::read(network_.forward(contexts)); }

  std::ptrdiff_t batch() const { return network_.batch(); }
  std::ptrdiff_t context_width() const { return network_.shape().inputs; }
  T draw_context(random_stream& random) const { return random.uniform<T>(); }

  std::span<T> parameters() { return network_.parameters(); }
  std::span<T const> parameters() const { return network_.parameters(); }
  std::span<T> gradient() { return network_.gradient(); }
  void zero_gradient() { network_.zero_gradient(); }

  /// out [batch, samples] = log pi(action [batch, samples]).
  void log_prob(view<int const, 2> taken, view<T, 2> out) {
    require_actions("log_prob", taken);
    primitive::require_shape("categorical_policy log_prob", "out", out, batch(), taken.columns());
    base::gather(taken, out);
  }

  /// Draws actions [batch, samples], one after the other: sample s of row r takes the two words that lie
  /// 2 (r samples + s) after the stream's position. Give every step a stream of its own.
  void sample(random_stream random, view<int, 2> drawn) {
    sample(std::span<random_stream const>(&random, 1), drawn);
  }
  /// With a stream for each network.
  void sample(std::span<random_stream const> streams, view<int, 2> drawn) {
    require_streams("categorical_policy", streams.size(), network_.networks().count);
    primitive::require_shape("categorical_policy sample", "actions", drawn, batch(), drawn.columns());
    double* const cumulative   = cumulative_.data();
    view<T const, 2> const all = base::probabilities();
    auto const here =
        on_host(network_.backend(), std::span<T const>(all.data(), static_cast<std::size_t>(all.size())));
    random_stream random(0);
    for (std::ptrdiff_t r = 0, rows = batch() / network_.networks().count; r < batch(); ++r) {
      if (r % rows == 0) random = streams[static_cast<std::size_t>(r / rows)];
      // poft::categorical's rule, with the sums kept for all samples of the row.
      view<T const> const weights(here.data() + r * actions(), actions());
      std::ptrdiff_t possible = -1;
      double total            = 0;
      for (std::ptrdiff_t a = 0; a < weights.size(); ++a) {
        if (weights[a] > 0) possible = a;
        cumulative[a] = total += static_cast<double>(weights[a]);
      }
      if (!(total > 0)) {
        throw value_error(message("categorical_policy sample: the logits of row ", r,
                                  " hold NaN or +inf, expected numbers"));
      }
      for (std::ptrdiff_t s = 0; s < drawn.columns(); ++s) {
        double const sum = random.uniform<double>() * total;
        drawn(r, s) = static_cast<int>(std::upper_bound(cumulative, cumulative + possible, sum) - cumulative);
      }
    }
  }

  /// d_log_prob [batch, samples] = dL/d log pi(action), beside a divergence from the reference; dL/d parameters is added to
  /// gradient().
  void backward(view<int const, 2> taken, view<T const, 2> d_log_prob, row_kl<T> const& kl = {}) {
    require_actions("backward", taken);
    primitive::require_shape("categorical_policy backward", "d_log_prob", d_log_prob, batch(),
                             taken.columns());
    network_.backward(base::d_logits_of_log_prob(taken, d_log_prob, kl));
  }

  /// d_logits [batch, actions] = dL/d logits; dL/d parameters is added to gradient().
  void backward_logits(view<T const, 2> d_logits) { network_.backward(d_logits); }

  /// The gradient of softmax_rows' expectation under pi, added to gradient().
  void backward_expectation(view<T const, 2> values, view<T const> d) {
    network_.backward(base::d_logits_of_expectation(values, d));
  }

 private:
  void require_actions(char const* operation, view<int const, 2> given) const {
    if (given.rows() != batch()) {
      throw shape_error(message("categorical_policy ", operation, ": actions has ", given.rows(),
                                " rows, expected one for each of the ", batch(),
                                " contexts of the last forward"));
    }
    for (std::ptrdiff_t r = 0; r < given.rows(); ++r) {
      for (std::ptrdiff_t s = 0; s < given.columns(); ++s) {
        if (given(r, s) < 0 || given(r, s) >= actions()) {
          throw value_error(message("categorical_policy ", operation, ": actions[", r, ", ", s, "] is ",
                                    given(r, s), ", expected 0 ... ", actions() - 1));
        }
      }
    }
  }

  mlp<Backend, T> network_;
  std::vector<double> cumulative_;  // sums of one row's probabilities
};

}  // namespace poft::bandit
