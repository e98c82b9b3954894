// train/adamw.hpp's step on a backend's lanes, for the bandit's network.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "poft/row/row.hpp"
#include "poft/train/adamw.hpp"

namespace poft::bandit {

/// Elements piece * width ... of one step.
template <class T>
struct adam_piece {
  static constexpr std::int64_t width = 4096;

  adamw_step<T> step;
  std::int64_t size;
  row<T> parameter, first_moment, second_moment;
  row<T const> gradient;

  template <class Group>
  void operator()(Group group, std::int64_t piece) const {
    group.each(piece * width, std::min(size, (piece + 1) * width), [this](auto i) {
      using S = decltype(parameter[i]);
      adamw_step<S> const on_lanes{S(step.beta1),
                                   S(step.one_minus_beta1),
                                   S(step.beta2),
                                   S(step.one_minus_beta2),
                                   S(step.decay),
                                   S(step.rate),
                                   S(step.inverse_root_correction),
                                   S(step.eps)};
      S p = parameter[i], m = first_moment[i], v = second_moment[i];
      on_lanes(p, m, v, gradient[i]);
      parameter.set(i, p);
      first_moment.set(i, m);
      second_moment.set(i, v);
    });
  }
};

/// Adam without decay, and its state.
template <class T>
class adam {
 public:
  explicit adam(std::size_t parameters) : state_(parameters) {}

  template <class Backend>
  void update(Backend const& backend, std::span<T> parameters, std::span<T const> gradient,
              double learning_rate) {
    require_learning_rate("adam", learning_rate);
    require_lengths("adam", parameters.size(), gradient.size(), state_.first_moment.size());
    adam_piece<T> const piece{rule.step<T>(++state_.steps, learning_rate),
                              static_cast<std::int64_t>(parameters.size()),
                              {parameters.data()},
                              {state_.first_moment.data()},
                              {state_.second_moment.data()},
                              {gradient.data()}};
    backend.template for_rows<T>((piece.size + piece.width - 1) / piece.width, piece.width, piece);
  }

 private:
  static constexpr adamw rule{.weight_decay = 0};
  adamw_state<T> state_;
};

}  // namespace poft::bandit
