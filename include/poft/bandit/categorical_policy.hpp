// A policy over finitely many actions: the bandit's network with a softmax on its outputs.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "poft/backend/concept.hpp"
#include "poft/bandit/environment.hpp"  // random_of
#include "poft/bandit/mlp.hpp"
#include "poft/core/config.hpp"
#include "poft/core/error.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/log_softmax.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/log_softmax.hpp"
#include "poft/row/row.hpp"

namespace poft::bandit {

template <class T>
struct distribution_of_each_row {
  view<T const, 2> logits;
  view<T, 2> log_probs, probabilities;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T> const log_prob{log_probs.row(r).data()}, prob{probabilities.row(r).data()};
    auto const pi = softmax_of(group, row<T const>{logits.row(r).data()}, logits.columns());
    group.each(std::int64_t{0}, logits.columns(), [=](auto i) {
      auto const outcome = pi.at(i);
      log_prob.set(i, outcome.log_prob);
      prob.set(i, outcome.prob);
    });
  }
};

/// pi(a | context) = softmax(mlp(context))_a. forward() first; everything else speaks about the contexts of
/// its last call.
template <class Backend, class T = float>
class categorical_policy {
 public:
  /// shape.outputs is the number of actions; the network starts from the seed's own stream for networks.
  categorical_policy(Backend backend, mlp_shape const& shape, std::uint64_t seed)
      : network_(std::move(backend), shape, random_of(seed, stream::network)),
        cumulative_(network_.backend().template allocate<double>(shape.outputs)) {}

  void forward(view<T const, 2> contexts) {
    logits_                    = network_.forward(contexts);
    std::ptrdiff_t const batch = logits_.rows();
    if (3 * logits_.size() > arena_.size()) {
      arena_ = network_.backend().template allocate<T>(3 * logits_.size());
    }
    log_probs_     = {arena_.data(), batch, actions()};
    probabilities_ = {arena_.data() + logits_.size(), batch, actions()};
    d_logits_      = {arena_.data() + 2 * logits_.size(), batch, actions()};
    network_.backend().template for_rows<T>(batch, actions(),
                                            distribution_of_each_row<T>{logits_, log_probs_, probabilities_});
  }

  std::ptrdiff_t batch() const { return network_.batch(); }
  std::ptrdiff_t actions() const { return network_.shape().outputs; }
  view<T const, 2> logits() const { return logits_; }                // [batch, actions]
  view<T const, 2> log_probs() const { return log_probs_; }          // [batch, actions]
  view<T const, 2> probabilities() const { return probabilities_; }  // [batch, actions]

  std::span<T> parameters() { return network_.parameters(); }
  std::span<T const> parameters() const { return network_.parameters(); }
  std::span<T> gradient() { return network_.gradient(); }
  void zero_gradient() { network_.zero_gradient(); }

  /// out [batch, samples] = log pi(action [batch, samples]).
  void log_prob(view<int const, 2> actions, view<T, 2> out) const {
    require_actions("log_prob", actions);
    primitive::require_shape("categorical_policy log_prob", "out", out, batch(), actions.columns());
    for (std::ptrdiff_t r = 0; r < batch(); ++r) {
      for (std::ptrdiff_t s = 0; s < actions.columns(); ++s) out(r, s) = log_probs_(r, actions(r, s));
    }
  }

  /// Draws actions [batch, samples], one after the other: sample s of row r takes the two words that lie
  /// 2 (r samples + s) after the stream's position. Give every step a stream of its own.
  void sample(random_stream random, view<int, 2> actions) {
    primitive::require_shape("categorical_policy sample", "actions", actions, batch(), actions.columns());
    double* const cumulative = cumulative_.data();
    for (std::ptrdiff_t r = 0; r < batch(); ++r) {
      // poft::categorical's rule, with the sums kept for all samples of the row.
      view<T const> const weights = probabilities_.row(r);
      std::ptrdiff_t possible     = -1;
      double total                = 0;
      for (std::ptrdiff_t a = 0; a < weights.size(); ++a) {
        if (weights[a] > 0) possible = a;
        cumulative[a] = total += static_cast<double>(weights[a]);
      }
      if (!(total > 0)) {
        throw value_error(message("categorical_policy sample: the logits of row ", r,
                                  " hold NaN or +inf, expected numbers"));
      }
      for (std::ptrdiff_t s = 0; s < actions.columns(); ++s) {
        double const sum = random.uniform<double>() * total;
        actions(r, s) =
            static_cast<int>(std::upper_bound(cumulative, cumulative + possible, sum) - cumulative);
      }
    }
  }

  /// d_log_prob [batch, samples] = dL/d log pi(action); dL/d parameters is added to gradient().
  ///
  ///   dL/dz[r, a] = sum_s d[r, s] 1[action[r, s] = a] - pi[r, a] sum_s d[r, s]
  void backward(view<int const, 2> actions, view<T const, 2> d_log_prob) {
    require_actions("backward", actions);
    primitive::require_shape("categorical_policy backward", "d_log_prob", d_log_prob, batch(),
                             actions.columns());
    for (std::ptrdiff_t r = 0; r < batch(); ++r) {
      view<T> const d = d_logits_.row(r);
      std::fill(d.begin(), d.end(), T(0));
      for (std::ptrdiff_t s = 0; s < actions.columns(); ++s) d[actions(r, s)] += d_log_prob(r, s);
    }
    primitive::log_softmax<Backend>::backward(network_.backend(), log_probs_, d_logits_, d_logits_);
    network_.backward(d_logits_);
  }

  /// d_logits [batch, actions] = dL/d logits; dL/d parameters is added to gradient().
  void backward_logits(view<T const, 2> d_logits) { network_.backward(d_logits); }

  /// The gradient of  L = sum_r d[r] sum_a pi[r, a] values[r, a]  with the values frozen, added to
  /// gradient():
  ///
  ///   dL/dz[r, a] = d[r] pi[r, a] (values[r, a] - sum_b pi[r, b] values[r, b])
  ///
  /// With values = log pi - log q it is the gradient of KL(pi || q), with -log pi that of the entropy: the
  /// derivative of their own log pi has mean zero under pi. values has one row per context, or one row for
  /// all.
  void backward_expectation(view<T const, 2> values, view<T const> d) {
    std::ptrdiff_t const rows = values.rows() == 1 ? 1 : batch();
    primitive::require_shape("categorical_policy backward_expectation", "values", values, rows, actions());
    primitive::require_shape("categorical_policy backward_expectation", "d", d, batch());
    for (std::ptrdiff_t r = 0; r < batch(); ++r) {
      view<T const> const f = values.row(rows == 1 ? 0 : r);
      double const mean     = expectation(r, [&](std::ptrdiff_t a) { return static_cast<double>(f[a]); });
      for (std::ptrdiff_t a = 0; a < actions(); ++a) {
        double const pi = static_cast<double>(probabilities_(r, a));
        d_logits_(r, a) =
            pi == 0 ? T(0)
                    : static_cast<T>(static_cast<double>(d[r]) * pi * (static_cast<double>(f[a]) - mean));
      }
    }
    network_.backward(d_logits_);
  }

  /// out [batch] = H(pi) = -sum_a pi_a log pi_a  [nats].
  void entropy(view<double> out) const {
    over_rows("entropy", out, [&](std::ptrdiff_t r, std::ptrdiff_t a) { return -log_pi(r, a); });
  }

  /// out [batch] = sum_a pi_a table[a]; the table [actions] is a reward, for instance.
  void expected(view<double const> table, view<double> out) const {
    primitive::require_shape("categorical_policy expected", "table", table, actions());
    over_rows("expected", out, [&](std::ptrdiff_t, std::ptrdiff_t a) { return table[a]; });
  }

  /// out [batch] = KL(pi || q) for log q: one row for all contexts [1, actions], or one each [batch,
  /// actions]. Infinite where pi gives weight to an action that q excludes.
  void kl_to(view<T const, 2> log_q, view<double> out) const {
    auto const row = rows_of("kl_to", log_q);
    over_rows("kl_to", out, [&](std::ptrdiff_t r, std::ptrdiff_t a) {
      return log_pi(r, a) - static_cast<double>(log_q(row(r), a));
    });
  }

  /// out [batch] = KL(q || pi).
  void kl_from(view<T const, 2> log_q, view<double> out) const {
    auto const row = rows_of("kl_from", log_q);
    primitive::require_shape("categorical_policy kl_from", "out", out, batch());
    for (std::ptrdiff_t r = 0; r < batch(); ++r) {
      out[r] = 0;
      for (std::ptrdiff_t a = 0; a < actions(); ++a) {
        double const log_weight = static_cast<double>(log_q(row(r), a)), weight = std::exp(log_weight);
        if (weight > 0) out[r] += weight * (log_weight - log_pi(r, a));
      }
    }
  }

 private:
  double log_pi(std::ptrdiff_t r, std::ptrdiff_t a) const { return static_cast<double>(log_probs_(r, a)); }

  /// sum_a pi[r, a] f(a); an action of probability 0 contributes 0, whatever f is there.
  template <class F>
  double expectation(std::ptrdiff_t r, F const& f) const {
    double sum = 0;
    for (std::ptrdiff_t a = 0; a < actions(); ++a) {
      double const pi = static_cast<double>(probabilities_(r, a));
      if (pi != 0) sum += pi * f(a);
    }
    return sum;
  }
  template <class F>
  void over_rows(char const* operation, view<double> out, F const& f) const {
    primitive::require_shape(operation, "out", out, batch());
    for (std::ptrdiff_t r = 0; r < batch(); ++r)
      out[r] = expectation(r, [&](std::ptrdiff_t a) { return f(r, a); });
  }
  auto rows_of(char const* operation, view<T const, 2> log_q) const {
    primitive::require_shape(operation, "log_q", log_q, log_q.rows() == 1 ? 1 : batch(), actions());
    return [shared = log_q.rows() == 1](std::ptrdiff_t r) { return shared ? 0 : r; };
  }
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
  buffer_of<Backend, T> arena_;
  buffer_of<Backend, double> cumulative_;  // sums of one row's probabilities
  view<T const, 2> logits_;
  view<T, 2> log_probs_, probabilities_, d_logits_;
};

}  // namespace poft::bandit
