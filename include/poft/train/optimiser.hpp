// An optimiser chosen at run time, on a backend's lanes and threads, with weight decay on some of the parameters.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "poft/backend/concept.hpp"
#include "poft/core/config.hpp"
#include "poft/core/error.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/row/row.hpp"
#include "poft/train/adamw.hpp"
#include "poft/train/clip.hpp"
#include "poft/train/sgd.hpp"
#include "poft/train/step.hpp"

namespace poft {

/// Neighbouring parameters, and whether weight decay acts on them.
struct decay_range {
  std::int64_t size;
  bool decays;
  bool operator==(decay_range const&) const = default;
};

namespace detail {

/// Numbers of the type of computation, of which a model stores what they round to. Where it stores another number, it has been
/// given new parameters, and that number counts.
template <class T>
struct master_row {
  row<compute_t<T>> master;
  row<T> stored;

  template <class Index>
  POFT_FN auto operator[](Index i) const {
    auto const held = master[i], now = stored[i];
    stored.set(i, held);  // what it rounds to is what comes back
    auto const rounded = stored[i];
    return select((rounded <= now) & (rounded >= now), held, now);
  }
  template <class Index, class S>
  POFT_FN void set(Index i, S value) const {
    master.set(i, value);
    stored.set(i, value);
  }
};

template <class T>
inline constexpr bool has_masters = !std::is_same_v<T, compute_t<T>>;
template <class T>
using trained_row = std::conditional_t<has_masters<T>, master_row<T>, row<T>>;

inline constexpr std::int64_t optimiser_width = 4096;  // elements of a piece

/// Elements piece * width ... of one step.
template <class Step, class T>
struct optimiser_piece {
  using C = compute_t<T>;

  Step step;
  std::int64_t size;
  trained_row<T> parameter;
  row<C> first_state, second_state;
  row<C const> gradient;
  C factor;  // of the gradient

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t piece) const {
    std::int64_t const end = (piece + 1) * optimiser_width;
    group.each(piece * optimiser_width, end < size ? end : size, [this](auto i) {
      using S             = decltype(gradient[i]);
      auto const on_lanes = step.template on<S>();
      S const g           = S(factor) * gradient[i];
      S p = parameter[i], first = first_state[i];
      if constexpr (std::is_same_v<Step, adamw_step<C>>) {
        S second = second_state[i];
        on_lanes(p, first, second, g);
        second_state.set(i, second);
      } else {
        on_lanes(p, first, g);
      }
      parameter.set(i, p);
      first_state.set(i, first);
    });
  }
};

/// Such elements of the masters: taken from the model where that stores others, or given to it.
template <class T>
struct masters_piece {
  std::int64_t size;
  master_row<T> parameter;
  bool to_model;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t piece) const {
    std::int64_t const end = (piece + 1) * optimiser_width;
    group.each(piece * optimiser_width, end < size ? end : size,
               [this](auto i) { parameter.set(i, to_model ? parameter.master[i] : parameter[i]); });
  }
};

template <class T>
struct squares_of {
  row<T const> x;
  template <class Index>
  POFT_FN auto operator()(Index i) const {
    return x[i] * x[i];
  }
};

}  // namespace detail

/// global_norm() of one array on a backend.
template <class Backend, class T>
double global_norm(Backend const& backend, std::span<T const> gradient) {
  double const squares = backend.template sum<T>(static_cast<std::int64_t>(gradient.size()),
                                                 detail::squares_of<T>{{gradient.data()}});
  return squares > 1e-30 && squares < 1e30 ? std::sqrt(squares) : global_norm(on_host(backend, gradient));
}

using optimiser_rule = std::variant<adamw, sgd>;

/// The rule, its state, and where the decay acts: everywhere unless ranges say otherwise.
///
/// Parameters that are stored as bfloat16 have masters of float, on which the steps are taken: most are smaller than half a
/// unit of bfloat16's last place and would be lost. A master starts as the parameter, or as float numbers that
/// change_masters() gives. Gradient and state are float.
template <class Backend, class T>
class optimiser {
  using C = compute_t<T>;

 public:
  optimiser(Backend backend, optimiser_rule rule, std::size_t parameters,
            std::vector<decay_range> ranges = {})
      : backend_(std::move(backend)), rule_(rule), ranges_(std::move(ranges)) {
    std::visit([](auto const& one) { one.check(); }, rule_);
    auto const size = static_cast<std::int64_t>(parameters);
    first_          = backend_.template allocate<C>(size);
    if (std::holds_alternative<adamw>(rule_)) second_ = backend_.template allocate<C>(size);
    if constexpr (detail::has_masters<T>) masters_ = backend_.template allocate<C>(size);
    if (ranges_.empty()) ranges_.push_back({static_cast<std::int64_t>(parameters), true});
    std::int64_t covered = 0;
    for (auto const& range : ranges_) covered += range.size;
    if (covered != static_cast<std::int64_t>(parameters)) {
      throw shape_error(
          message("optimiser: the decay ranges have ", covered, " parameters, expected ", parameters));
    }
  }

  /// parameters, gradient: [parameters], in the backend's memory; the gradient is multiplied by `factor` (clipping) on the
  /// way. `learning_rate` is that of this step: the base rate times the schedule's factor.
  void update(std::span<T> parameters, std::span<C const> gradient, double learning_rate, double factor = 1) {
    require_learning_rate("optimiser", learning_rate);
    require_lengths("optimiser", parameters.size(), gradient.size(), state_of(first_).size());
    ++steps_;
    std::int64_t first = 0;
    for (auto const& range : ranges_) {
      auto const run = [&](auto const& step) {
        detail::optimiser_piece<std::remove_cvref_t<decltype(step)>, T> const piece{
            step,
            range.size,
            trained(parameters, first),
            {first_.data() + first},
            {second_.data() + (state_of(second_).empty() ? 0 : first)},
            {gradient.data() + first},
            static_cast<C>(factor)};
        for_pieces_of(range.size, piece);
      };
      std::visit(
          [&](auto rule) {
            if (!range.decays) rule.weight_decay = 0;
            if constexpr (std::is_same_v<decltype(rule), adamw>) {
              run(rule.template step<C>(steps_, learning_rate));
            } else {
              run(rule.template step<C>(learning_rate));
            }
          },
          rule_);
      first += range.size;
    }
  }

  std::int64_t steps() const { return steps_; }

  /// The parameters as they are trained, in the backend's memory: themselves, or their masters.
  std::span<C const> masters(std::span<T> parameters) {
    if constexpr (!detail::has_masters<T>) {
      return parameters;
    } else {
      exchange_masters(parameters, false);
      return state_of(masters_);
    }
  }
  /// f(std::span<C>) of these for an f of the host, which may change them; the parameters become what they round to.
  template <class F>
  void change_masters(std::span<T> parameters, F const& f) {
    if constexpr (!detail::has_masters<T>) {
      change_on_host(backend_, parameters, f);
    } else {
      exchange_masters(parameters, false);
      change_on_host(backend_, state_of(masters_), f);
      exchange_masters(parameters, true);
    }
  }

  /// What the steps so far leave behind, for a checkpoint: visit(name, x).
  template <class Visitor>
  void visit(Visitor& state) {
    state("optimiser.steps", steps_);
    state("optimiser.first_state", backend_, state_of(first_));
    state("optimiser.second_state", backend_, state_of(second_));
    if constexpr (detail::has_masters<T>) state("optimiser.masters", backend_, state_of(masters_));
  }

 private:
  static std::span<C> state_of(buffer_of<Backend, C>& numbers) {
    return {numbers.data(), static_cast<std::size_t>(numbers.size())};
  }
  detail::trained_row<T> trained(std::span<T> parameters, std::int64_t first) {
    if constexpr (detail::has_masters<T>) {
      return {{masters_.data() + first}, {parameters.data() + first}};
    } else {
      return {parameters.data() + first};
    }
  }
  void exchange_masters(std::span<T> parameters, bool to_model) requires(detail::has_masters<T>) {
    require_lengths("optimiser", parameters.size(), parameters.size(), state_of(masters_).size());
    for_pieces_of(masters_.size(),
                  detail::masters_piece<T>{masters_.size(), trained(parameters, 0), to_model});
  }
  template <class Piece>
  void for_pieces_of(std::int64_t size, Piece const& piece) {
    constexpr std::int64_t width = detail::optimiser_width;
    backend_.template for_rows<C>((size + width - 1) / width, width, piece);
  }

  Backend backend_;
  optimiser_rule rule_;
  std::vector<decay_range> ranges_;
  std::int64_t steps_ = 0;
  buffer_of<Backend, C> first_, second_;  // moments; SGD: velocity
  buffer_of<Backend, C> masters_;         // none where the parameters are of type C
};

}  // namespace poft
