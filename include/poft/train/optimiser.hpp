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

/// Elements piece * width ... of one step.
template <class Step, class T>
struct optimiser_piece {
  static constexpr std::int64_t width = 4096;

  Step step;
  std::int64_t size;
  row<T> parameter, first_state, second_state;
  row<T const> gradient;
  T factor;  // of the gradient

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t piece) const {
    std::int64_t const end = (piece + 1) * width;
    group.each(piece * width, end < size ? end : size, [this](auto i) {
      using S             = decltype(parameter[i]);
      auto const on_lanes = step.template on<S>();
      S const g           = S(factor) * gradient[i];
      S p = parameter[i], first = first_state[i];
      if constexpr (std::is_same_v<Step, adamw_step<T>>) {
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
template <class Backend, class T>
class optimiser {
 public:
  optimiser(Backend backend, optimiser_rule rule, std::size_t parameters,
            std::vector<decay_range> ranges = {})
      : backend_(std::move(backend)), rule_(rule), ranges_(std::move(ranges)) {
    std::visit([](auto const& one) { one.check(); }, rule_);
    auto const size = static_cast<std::int64_t>(parameters);
    first_          = backend_.template allocate<T>(size);
    if (std::holds_alternative<adamw>(rule_)) second_ = backend_.template allocate<T>(size);
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
  void update(std::span<T> parameters, std::span<T const> gradient, double learning_rate, double factor = 1) {
    require_learning_rate("optimiser", learning_rate);
    require_lengths("optimiser", parameters.size(), gradient.size(), state_of(first_).size());
    ++steps_;
    std::int64_t first = 0;
    for (auto const& range : ranges_) {
      auto const run = [&](auto const& step) {
        detail::optimiser_piece<std::remove_cvref_t<decltype(step)>, T> const piece{
            step,
            range.size,
            {parameters.data() + first},
            {first_.data() + first},
            {second_.data() + (state_of(second_).empty() ? 0 : first)},
            {gradient.data() + first},
            static_cast<T>(factor)};
        backend_.template for_rows<T>((piece.size + piece.width - 1) / piece.width, piece.width, piece);
      };
      std::visit(
          [&](auto rule) {
            if (!range.decays) rule.weight_decay = 0;
            if constexpr (std::is_same_v<decltype(rule), adamw>) {
              run(rule.template step<T>(steps_, learning_rate));
            } else {
              run(rule.template step<T>(learning_rate));
            }
          },
          rule_);
      first += range.size;
    }
  }

  std::int64_t steps() const { return steps_; }

  /// What the steps so far leave behind, for a checkpoint: visit(name, x).
  template <class Visitor>
  void visit(Visitor& state) {
    state("optimiser.steps", steps_);
    state("optimiser.first_state", backend_, state_of(first_));
    state("optimiser.second_state", backend_, state_of(second_));
  }

 private:
  static std::span<T> state_of(buffer_of<Backend, T>& numbers) {
    return {numbers.data(), static_cast<std::size_t>(numbers.size())};
  }

  Backend backend_;
  optimiser_rule rule_;
  std::vector<decay_range> ranges_;
  std::int64_t steps_ = 0;
  buffer_of<Backend, T> first_, second_;  // moments; SGD: velocity
};

}  // namespace poft
