// Rows of logits as policies over finitely many actions: log-probs, exact expectations, and their gradients.
// SPDX-License-Identifier: MIT
//
// What a row stands for is the network's business: a context for the one-step policy, a prefix for token sequences.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "poft/backend/concept.hpp"
#include "poft/core/config.hpp"
#include "poft/core/error.hpp"
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

/// coefficient * mean over rows of KL(pi || reference), a term of a loss; log_reference has one row per row of the
/// policy, or one for all. A coefficient of 0 leaves it out.
template <class T>
struct row_kl {
  double coefficient = 0;
  view<T const, 2> log_reference{};
};

/// pi[r] = softmax(logits[r]). Policies derive from it, read() their network's logits and hand d_logits back to it.
template <class Backend, class T>
class softmax_rows {
 public:
  std::ptrdiff_t rows() const { return logits_.rows(); }
  std::ptrdiff_t actions() const { return actions_; }
  view<T const, 2> logits() const { return logits_; }                // [rows, actions]
  view<T const, 2> log_probs() const { return log_probs_; }          // [rows, actions]
  view<T const, 2> probabilities() const { return probabilities_; }  // [rows, actions]

  /// out [rows] = H(pi) = -sum_a pi_a log pi_a  [nats].
  void entropy(view<double> out) const {
    over_rows("entropy", out, [&](std::ptrdiff_t r, std::ptrdiff_t a) { return -log_pi(r, a); });
  }

  /// out [rows] = sum_a pi_a table[a]; the table [actions] is a reward, for instance.
  void expected(view<double const> table, view<double> out) const {
    primitive::require_shape("expected", "table", table, actions());
    over_rows("expected", out, [&](std::ptrdiff_t, std::ptrdiff_t a) { return table[a]; });
  }

  /// out [rows] = KL(pi || q) for log q: one row for all [1, actions], or one each [rows, actions]. Infinite where pi
  /// gives weight to an action that q excludes.
  void kl_to(view<T const, 2> log_q, view<double> out) const {
    auto const row = rows_of("kl_to", log_q);
    over_rows("kl_to", out, [&](std::ptrdiff_t r, std::ptrdiff_t a) {
      return log_pi(r, a) - static_cast<double>(log_q(row(r), a));
    });
  }

  /// out [rows] = KL(q || pi).
  void kl_from(view<T const, 2> log_q, view<double> out) const {
    auto const row = rows_of("kl_from", log_q);
    kl_from_rows(log_q, out, [&](std::ptrdiff_t r, std::ptrdiff_t a) {
      return std::exp(static_cast<double>(log_q(row(r), a)));
    });
  }
  /// The same with q = exp(log q) at hand, without which most of the time goes into it.
  void kl_from(view<T const, 2> log_q, view<double const, 2> q, view<double> out) const {
    primitive::require_shape("kl_from", "q", q, log_q.rows(), log_q.columns());
    auto const row = rows_of("kl_from", log_q);
    kl_from_rows(log_q, out, [&](std::ptrdiff_t r, std::ptrdiff_t a) { return q(row(r), a); });
  }

 protected:
  softmax_rows(Backend backend, std::ptrdiff_t actions) : backend_(std::move(backend)), actions_(actions) {}

  /// logits [rows, actions] must stay until the next read.
  void read(view<T const, 2> logits) {
    logits_ = logits;
    if (3 * logits_.size() > arena_.size()) arena_ = backend_.template allocate<T>(3 * logits_.size());
    log_probs_     = {arena_.data(), rows(), actions()};
    probabilities_ = {arena_.data() + logits_.size(), rows(), actions()};
    d_logits_      = {arena_.data() + 2 * logits_.size(), rows(), actions()};
    backend_.template for_rows<T>(rows(), actions(),
                                  distribution_of_each_row<T>{logits_, log_probs_, probabilities_});
  }

  /// out [rows, samples] = log pi(taken [rows, samples]); the actions are checked.
  void gather(view<int const, 2> taken, view<T, 2> out) const {
    for (std::ptrdiff_t r = 0; r < rows(); ++r) {
      for (std::ptrdiff_t s = 0; s < taken.columns(); ++s) out(r, s) = log_probs_(r, taken(r, s));
    }
  }

  /// dL/d logits of a loss with d [rows, samples] = dL/d log pi(taken), valid until the next call:
  ///
  ///   d_logits[r, a] = sum_s d[r, s] 1[taken[r, s] = a] - pi[r, a] sum_s d[r, s]
  view<T const, 2> d_logits_of_log_prob(view<int const, 2> taken, view<T const, 2> d, row_kl<T> const& kl) {
    auto const q = rows_of("row_kl", kl.coefficient == 0 ? log_probs_ : kl.log_reference);
    for (std::ptrdiff_t r = 0; r < rows(); ++r) {
      view<T> const d_row = d_logits_.row(r);
      std::fill(d_row.begin(), d_row.end(), T(0));
      for (std::ptrdiff_t s = 0; s < taken.columns(); ++s) d_row[taken(r, s)] += d(r, s);
    }
    primitive::log_softmax<Backend>::backward(backend_, log_probs_, d_logits_, d_logits_);
    if (kl.coefficient != 0) {
      double const share = kl.coefficient / static_cast<double>(rows());
      for (std::ptrdiff_t r = 0; r < rows(); ++r) {
        add_expectation_gradient(r, share, [&](std::ptrdiff_t a) {
          return log_pi(r, a) - static_cast<double>(kl.log_reference(q(r), a));
        });
      }
    }
    return d_logits_;
  }

  /// The same of  L = sum_r d[r] sum_a pi[r, a] values[r, a]  with the values frozen. With values = log pi - log q it is the
  /// gradient of KL(pi || q), with -log pi that of the entropy: the derivative of their own log pi has mean zero under
  /// pi. values has one row per row, or one for all.
  view<T const, 2> d_logits_of_expectation(view<T const, 2> values, view<T const> d) {
    auto const row = rows_of("backward_expectation: values", values);
    primitive::require_shape("backward_expectation", "d", d, rows());
    backend_.fill(view<T>(d_logits_.data(), d_logits_.size()), T(0));
    for (std::ptrdiff_t r = 0; r < rows(); ++r) {
      add_expectation_gradient(r, static_cast<double>(d[r]),
                               [&](std::ptrdiff_t a) { return static_cast<double>(values(row(r), a)); });
    }
    return d_logits_;
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
  /// d_logits[r, a] += d pi[r, a] (f(a) - sum_b pi[r, b] f(b))
  template <class F>
  void add_expectation_gradient(std::ptrdiff_t r, double d, F const& f) {
    double const mean = expectation(r, f);
    for (std::ptrdiff_t a = 0; a < actions(); ++a) {
      double const pi = static_cast<double>(probabilities_(r, a));
      if (pi != 0) d_logits_(r, a) += static_cast<T>(d * pi * (f(a) - mean));
    }
  }
  template <class F>
  void kl_from_rows(view<T const, 2> log_q, view<double> out, F const& weight_of) const {
    auto const row = rows_of("kl_from", log_q);
    primitive::require_shape("kl_from", "out", out, rows());
    for (std::ptrdiff_t r = 0; r < rows(); ++r) {
      out[r] = 0;
      for (std::ptrdiff_t a = 0; a < actions(); ++a) {
        double const weight = weight_of(r, a);
        if (weight > 0) out[r] += weight * (static_cast<double>(log_q(row(r), a)) - log_pi(r, a));
      }
    }
  }
  template <class F>
  void over_rows(char const* operation, view<double> out, F const& f) const {
    primitive::require_shape(operation, "out", out, rows());
    for (std::ptrdiff_t r = 0; r < rows(); ++r)
      out[r] = expectation(r, [&](std::ptrdiff_t a) { return f(r, a); });
  }
  auto rows_of(char const* operation, view<T const, 2> given) const {
    primitive::require_shape(operation, "given", given, given.rows() == 1 ? 1 : rows(), actions());
    return [shared = given.rows() == 1](std::ptrdiff_t r) { return shared ? 0 : r; };
  }

  Backend backend_;
  std::ptrdiff_t actions_;
  buffer_of<Backend, T> arena_;
  view<T const, 2> logits_;
  view<T, 2> log_probs_, probabilities_, d_logits_;
};

}  // namespace poft::bandit
