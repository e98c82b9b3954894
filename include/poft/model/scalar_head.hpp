// The scalar head: one number for every token, PPO's value; that of a sequence's last token is a reward model's reward.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "poft/core/error.hpp"
#include "poft/core/view.hpp"
#include "poft/model/parameters.hpp"
#include "poft/primitive/operation_room.hpp"
#include "poft/primitive/rounded.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/row.hpp"

namespace poft {

///   hidden [tokens, channels], weight [1, channels], values [tokens], offsets [sequences + 1], rewards [sequences]
///
///   forward                values    = hidden weight^T                     overwritten
///   backward               d_hidden += d_values weight                     accumulated onto another head's
///                          d_weight += d_values^T hidden                   accumulated
///   last_tokens            rewards[s] = values[offsets[s + 1] - 1]         overwritten
///   last_tokens_backward   d_values = d_rewards[s] there, 0 elsewhere      overwritten
///
/// The weight is slices().scalar_head of a transformer whose config has one. Values, rewards, their derivatives and d_weight are
/// of the type of computation: float for hidden states and a weight of bfloat16.
template <class Backend>
struct scalar_head {
  template <class T>
  static void forward(Backend const& backend, std::type_identity_t<view<T const, 2>> hidden,
                      linear_slices<T> const& head, view<compute_t<T>> values) {
    primitive::require_shape("scalar_head forward", "weight", head.weight, 1, hidden.columns());
    primitive::require_shape("scalar_head forward", "values", values, hidden.rows());
    backend.gemm({.transpose_b = true}, hidden, head.weight,
                 view<compute_t<T>, 2>(values.data(), values.size(), 1));
  }

  template <class T>
  static void backward(Backend const& backend, std::type_identity_t<view<T const, 2>> hidden,
                       linear_slices<T> const& head, view<compute_t<T> const> d_values,
                       std::type_identity_t<view<T, 2>> d_hidden, linear_slices<compute_t<T>> const& d_head) {
    primitive::require_shape("scalar_head backward", "weight", head.weight, 1, hidden.columns());
    primitive::require_shape("scalar_head backward", "d_values", d_values, hidden.rows());
    primitive::require_shape("scalar_head backward", "d_hidden", d_hidden, hidden.rows(), hidden.columns());
    primitive::require_shape("scalar_head backward", "d_weight", d_head.weight, 1, hidden.columns());
    auto const multiply = [&](view<T const, 2> column) {
      backend.gemm({.beta = 1}, column, head.weight, d_hidden);
      backend.gemm({.transpose_a = true, .beta = 1}, column, hidden, d_head.weight);
    };
    view<compute_t<T> const, 2> const column(d_values.data(), d_values.size(), 1);
    if constexpr (std::is_same_v<T, compute_t<T>>) {
      multiply(column);
    } else {  // a product's operands have one type
      auto room = primitive::operation_room<T>(backend, d_values.size());
      view<T, 2> const stored(room.data(), d_values.size(), 1);
      primitive::convert(backend, column, stored);
      multiply(stored);
    }
  }

  template <class T>
  static void last_tokens(Backend const& backend, std::type_identity_t<view<T const>> values,
                          view<std::int64_t const> offsets, view<T> rewards) {
    require_sequences("scalar_head last_tokens", offsets, rewards.size(), values.size());
    for (std::ptrdiff_t s = 0; s < rewards.size(); ++s) {
      backend.copy(values.subview(offsets[s + 1] - 1, 1), rewards.subview(s, 1));
    }
  }

  template <class T>
  static void last_tokens_backward(Backend const& backend, std::type_identity_t<view<T const>> d_rewards,
                                   view<std::int64_t const> offsets, view<T> d_values) {
    require_sequences("scalar_head last_tokens_backward", offsets, d_rewards.size(), d_values.size());
    backend.fill(d_values, T(0));
    for (std::ptrdiff_t s = 0; s < d_rewards.size(); ++s) {
      backend.copy(d_rewards.subview(s, 1), d_values.subview(offsets[s + 1] - 1, 1));
    }
  }

 private:
  static void require_sequences(char const* operation, view<std::int64_t const> offsets,
                                std::ptrdiff_t sequences, std::ptrdiff_t tokens) {
    primitive::require_shape(operation, "offsets", offsets, sequences + 1);
    for (std::ptrdiff_t s = 0; s < sequences; ++s) {
      if (offsets[s] < 0 || offsets[s + 1] <= offsets[s] || offsets[s + 1] > tokens) {
        throw value_error(message(operation, ": sequence ", s, " has the tokens from ", offsets[s], " up to ",
                                  offsets[s + 1], ", expected at least one of the ", tokens));
      }
    }
  }
};

}  // namespace poft
