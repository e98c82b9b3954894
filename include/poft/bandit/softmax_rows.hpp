// Rows of logits as policies over finitely many actions: log-probs, exact expectations, and their gradients.
// SPDX-License-Identifier: MIT
//
// What a row stands for is the network's business: a context for the one-step policy, a prefix for token sequences.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "poft/backend/concept.hpp"
#include "poft/core/config.hpp"
#include "poft/core/error.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/backend_copy.hpp"
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

template <class T>
struct log_probs_of_taken {
  view<T const, 2> log_probs;
  view<int const, 2> taken;
  view<T, 2> out;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    group.once([&] {
      for (std::ptrdiff_t s = 0; s < taken.columns(); ++s) out(r, s) = log_probs(r, taken(r, s));
    });
  }
};

/// d_logits[r, a] = sum_s d[r, s] 1[taken[r, s] = a]
template <class T>
struct d_of_taken {
  view<int const, 2> taken;
  view<T const, 2> d;
  view<T, 2> d_logits;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T> const to{d_logits.row(r).data()};
    group.each(std::int64_t{0}, d_logits.columns(), [=](auto a) { to.set(a, constant<decltype(to[a])>(0)); });
    group.once([&] {
      for (std::ptrdiff_t s = 0; s < taken.columns(); ++s) d_logits(r, taken(r, s)) += d(r, s);
    });
  }
};

// Functions of a row and of one of a group's indices into it, whose expectations are taken. A table has one row for all
// rows, or one each.
template <class T>
struct table_row {
  view<T const, 2> table;

  POFT_FN row<T const> operator[](std::int64_t r) const {
    return {table.row(table.rows() == 1 ? 0 : r).data()};
  }
};
template <class T>
struct value_of_table {
  table_row<T> values;

  template <class Index>
  POFT_FN auto operator()(std::int64_t r, Index a) const {
    return values[r][a];
  }
};
template <class T>
struct surprise_of {  // -log pi
  table_row<T> log_pi;

  template <class Index>
  POFT_FN auto operator()(std::int64_t r, Index a) const {
    return -log_pi[r][a];
  }
};
template <class T>
struct log_ratio_of {  // log p - log q
  table_row<T> log_p, log_q;

  template <class Index>
  POFT_FN auto operator()(std::int64_t r, Index a) const {
    return log_p[r][a] - log_q[r][a];
  }
};
template <class T>
struct exp_of_table {
  table_row<T> logs;

  template <class Index>
  POFT_FN auto operator()(std::int64_t r, Index a) const {
    return exp(logs[r][a]);
  }
};

/// sum_a p(r, a) f(r, a); an action of probability 0 contributes 0, whatever f is there.
template <class Group, class P, class F>
POFT_FN auto expectation_of_row(Group group, std::int64_t actions, std::int64_t r, P const& p, F const& f) {
  return group.sum(std::int64_t{0}, actions, [=](auto a) {
    auto const weight = p(r, a);
    using S           = decltype(weight + weight);
    return select(weight > constant<S>(0), weight * f(r, a), constant<S>(0));
  });
}
template <class P, class F>
struct expectation_of_each_row {
  std::int64_t actions;
  P p;
  F f;
  double* out;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    auto const found = expectation_of_row(group, actions, r, p, f);
    group.once([&] { out[r] = static_cast<double>(found); });
  }
};
/// d_logits[r, a] += d[r] pi[r, a] (f(r, a) - sum_b pi[r, b] f(r, b))
template <class T, class F>
struct expectation_backward_each_row {
  view<T const, 2> pi;
  F f;
  row<T const> d;  // no data: share
  T share;
  view<T, 2> d_logits;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    value_of_table<T> const p{{pi}};
    T const mean   = expectation_of_row(group, pi.columns(), r, p, f);
    T const factor = d.data ? d[r] : share;
    row<T> const to{d_logits.row(r).data()};
    group.each(std::int64_t{0}, pi.columns(), [=, *this](auto a) {
      auto const weight = p(r, a);
      using S           = decltype(weight + weight);
      S const gained    = S(factor) * weight * (f(r, a) - S(mean));
      to.set(a, to[a] + select(weight > constant<S>(0), gained, constant<S>(0)));
    });
  }
};

/// coefficient * mean over rows of KL(pi || reference), a term of a loss, of each network's own rows; log_reference has one row
/// per row of the policy, or one for all, in the backend's memory. A coefficient of 0 leaves it out.
template <class T>
struct row_kl {
  double coefficient = 0;
  view<T const, 2> log_reference{};
};

/// pi[r] = softmax(logits[r]). Policies derive from it, read() their network's logits and hand d_logits back to it. Rows and
/// tables of all actions are in the backend's memory; a few numbers for each row, and which actions were taken, in the host's.
template <class Backend, class T>
class softmax_rows {
 public:
  std::ptrdiff_t rows() const { return logits_.rows(); }
  std::ptrdiff_t actions() const { return actions_; }
  view<T const, 2> logits() const { return logits_; }                // [rows, actions]
  view<T const, 2> log_probs() const { return log_probs_; }          // [rows, actions]
  view<T const, 2> probabilities() const { return probabilities_; }  // [rows, actions]

  /// out [rows] = H(pi) = -sum_a pi_a log pi_a  [nats].
  void entropy(view<double> out) const { over_rows("entropy", surprise_of<T>{{log_probs()}}, out); }

  /// out [rows] = sum_a pi_a table[a]; the table [actions] is a reward, for instance.
  void expected(view<T const> table, view<double> out) const {
    primitive::require_shape("expected", "table", table, actions());
    over_rows("expected", value_of_table<T>{{{table.data(), 1, actions()}}}, out);
  }

  /// out [rows] = KL(pi || q) for log q: one row for all [1, actions], or one each [rows, actions]. Infinite where pi
  /// gives weight to an action that q excludes.
  void kl_to(view<T const, 2> log_q, view<double> out) const {
    require_table("kl_to", log_q);
    over_rows("kl_to", log_ratio_of<T>{{log_probs()}, {log_q}}, out);
  }

  /// out [rows] = KL(q || pi).
  void kl_from(view<T const, 2> log_q, view<double> out) const {
    require_table("kl_from", log_q);
    over_rows("kl_from", exp_of_table<T>{{log_q}}, log_ratio_of<T>{{log_q}, {log_probs()}}, out);
  }

 protected:
  softmax_rows(Backend backend, std::ptrdiff_t actions, std::ptrdiff_t networks = 1)
      : backend_(std::move(backend)), actions_(actions), networks_(networks) {}

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
  void gather(view<int const, 2> taken, view<T, 2> out) {
    auto const run = [&](view<int const, 2> actions_taken, view<T, 2> to) {
      backend_.template for_rows<T>(rows(), taken.columns(),
                                    log_probs_of_taken<T>{log_probs_, actions_taken, to});
    };
    if constexpr (works_in_host_memory<Backend>) {
      run(taken, out);
    } else {
      write_for_host(backend_, view<T>(out.data(), out.size()), [&](T* to) {
        run(there(taken, taken_, taken_copy_), {to, rows(), taken.columns()});
      });
    }
  }

  /// dL/d logits of a loss with d [rows, samples] = dL/d log pi(taken), valid until the next call:
  ///
  ///   d_logits[r, a] = sum_s d[r, s] 1[taken[r, s] = a] - pi[r, a] sum_s d[r, s]
  view<T const, 2> d_logits_of_log_prob(view<int const, 2> taken, view<T const, 2> d, row_kl<T> const& kl) {
    if (kl.coefficient != 0) require_table("row_kl", kl.log_reference);
    backend_.template for_rows<T>(
        rows(), actions(),
        d_of_taken<T>{there(taken, taken_, taken_copy_), there(d, d_taken_, d_taken_copy_), d_logits_});
    primitive::log_softmax<Backend>::backward(backend_, log_probs_, d_logits_, d_logits_);
    if (kl.coefficient != 0) {
      auto const share = static_cast<T>(kl.coefficient / static_cast<double>(rows() / networks_));
      add_expectation_gradient(log_ratio_of<T>{{log_probs()}, {kl.log_reference}}, {}, share);
    }
    return d_logits_;
  }

  /// The same of  L = sum_r d[r] sum_a pi[r, a] values[r, a]  with the values frozen. With values = log pi - log q it is the
  /// gradient of KL(pi || q), with -log pi that of the entropy: the derivative of their own log pi has mean zero under
  /// pi. values has one row per row, or one for all.
  view<T const, 2> d_logits_of_expectation(view<T const, 2> values, view<T const> d) {
    require_table("backward_expectation: values", values);
    primitive::require_shape("backward_expectation", "d", d, rows());
    backend_.fill(view<T>(d_logits_.data(), d_logits_.size()), T(0));
    add_expectation_gradient(value_of_table<T>{{values}}, {d.data()}, T(0));
    return d_logits_;
  }

 private:
  /// Elements of the host where rows see them.
  template <class U>
  view<U const, 2> there(view<U const, 2> given, [[maybe_unused]] std::vector<U>& packed,
                         [[maybe_unused]] backend_copy<Backend, U>& copy) const {
    if constexpr (works_in_host_memory<Backend>) {
      return given;
    } else {
      packed.clear();
      for (std::ptrdiff_t r = 0; r < given.rows(); ++r)
        packed.insert(packed.end(), given.row(r).begin(), given.row(r).end());
      return {copy.send(backend_, packed), given.rows(), given.columns()};
    }
  }
  template <class F>
  void add_expectation_gradient(F const& f, row<T const> d, T share) {
    backend_.template for_rows<T>(
        rows(), actions(), expectation_backward_each_row<T, F>{probabilities(), f, d, share, d_logits_});
  }
  template <class F>
  void over_rows(char const* operation, F const& f, view<double> out) const {
    over_rows(operation, value_of_table<T>{{probabilities()}}, f, out);
  }
  template <class P, class F>
  void over_rows(char const* operation, P const& p, F const& f, view<double> out) const {
    primitive::require_shape(operation, "out", out, rows());
    write_for_host(backend_, out, [&](double* to) {
      backend_.template for_rows<T>(rows(), actions(), expectation_of_each_row<P, F>{actions(), p, f, to});
    });
  }
  void require_table(char const* operation, view<T const, 2> given) const {
    primitive::require_shape(operation, "given", given, given.rows() == 1 ? 1 : rows(), actions());
  }

  Backend backend_;
  std::ptrdiff_t actions_, networks_;
  buffer_of<Backend, T> arena_;
  view<T const, 2> logits_;
  view<T, 2> log_probs_, probabilities_, d_logits_;
  std::vector<int> taken_;
  std::vector<T> d_taken_;
  backend_copy<Backend, int> taken_copy_;
  backend_copy<Backend, T> d_taken_copy_;
};

}  // namespace poft::bandit
