// Level 1: an objective over arrays that the caller owns, reduced, with gradients, in one pass over memory.
// SPDX-License-Identifier: MIT
//
// The batch is the objective's own input struct over spans (structure of arrays), its gradient the same struct over
// mutable spans: nothing is copied, nothing can be swapped by position.
//
//   objective::dpo const dpo{.beta = 0.1};
//   preference_pair<std::span<float const>> pairs{chosen, rejected, reference_chosen, reference_rejected};
//   preference_pair<std::span<float>> gradient{d_chosen, d_rejected};
//   double loss = batch_loss_and_gradient(eigen::backend{}, dpo, pairs, gradient, {.count = global_pairs});
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/row/row.hpp"
#include "poft/scalar/gradient.hpp"

namespace poft {

template <class T>
struct batch_options {
  /// What the weighted sum of losses is divided by: the number of examples of the *whole* optimiser step, over all
  /// micro-batches and processes, so that any split gives the same gradient. 0: the examples of this call.
  double count = 0;
  /// Upstream factor of the gradient (not of the returned loss).
  double factor = 1;
  /// One weight per example; empty: 1 each.
  std::span<T const> weights{};
  /// Receives the unweighted loss of each example; empty: not stored.
  std::span<T> losses{};
  /// Add to the gradient spans instead of overwriting them.
  bool accumulate = false;
};

/// The loop body: evaluates the examples at index i (one, or a pack of neighbours), stores what is asked for and returns
/// weight * loss. A named struct, so that a CUDA kernel takes it unchanged.
template <class Objective, class T, bool WithGradient>
struct batch_example {
  template <class U>
  using inputs = inputs_of<Objective, U>;

  Objective objective;
  inputs<row<T const>> in{};
  inputs<row<T>> gradient{};
  row<T const> weights{};
  row<T> losses{};
  double scale    = 1;
  bool accumulate = false;

  template <class Index>
  POFT_FN auto operator()(Index i) const {
    using live    = typename inputs<row<T const>>::live;
    using frozen  = typename inputs<row<T const>>::frozen;
    using S       = decltype(live::template get<0>(in)[i]);
    using example = inputs<S>;
    example x;
    live::for_each_index([&]<int K>() { example::live::template get<K>(x) = live::template get<K>(in)[i]; });
    frozen::for_each_index(
        [&]<int K>() { example::frozen::template get<K>(x) = frozen::template get<K>(in)[i]; });
    S const weight = weights.data ? weights[i] : constant<S>(1);
    if constexpr (WithGradient) {
      auto const result = value_and_gradient(objective, x);
      if (losses.data) losses.set(i, result.value);
      S const factor = weight * constant<S>(scale);
      live::for_each_index([&]<int K>() {
        auto const& target = inputs<row<T>>::live::template get<K>(gradient);
        if (target.data) {
          S const d = factor * example::live::template get<K>(result.gradient);
          target.set(i, accumulate ? target[i] + d : d);
        }
      });
      return weight * result.value;
    } else {
      S const value = objective(x);
      if (losses.data) losses.set(i, value);
      return weight * value;
    }
  }
};

namespace detail {

/// Common length of the spans of a batch; throws where one differs.
template <class Inputs>
std::size_t batch_size(char const* operation, Inputs const& in) {
  using live          = typename Inputs::live;
  using frozen        = typename Inputs::frozen;
  std::size_t const n = live::template get<0>(in).size();
  auto check          = [&](char const* name, std::size_t size) {
    if (size != n) {
      throw shape_error(message(operation, ": ", name, " has ", size, " elements but ",
                                         live::template at<0>::name, " has ", n,
                                         "; every span of a batch must have the same length"));
    }
  };
  live::for_each_index([&]<int K>() { check(live::template at<K>::name, live::template get<K>(in).size()); });
  frozen::for_each_index(
      [&]<int K>() { check(frozen::template at<K>::name, frozen::template get<K>(in).size()); });
  return n;
}

/// 1 for a count that is not positive, else 0.
template <class T>
struct not_positive {
  row<T const> counts;

  template <class Index>
  POFT_FN auto operator()(Index i) const {
    using S = decltype(counts[i]);
    return select(counts[i] > constant<S>(0), constant<S>(0), constant<S>(1));
  }
};

inline void require_length_or_none(char const* operation, char const* name, std::size_t size, std::size_t n) {
  if (size != 0 && size != n)
    throw shape_error(message(operation, ": ", name, " has ", size, " elements, expected ", n, " or none"));
}

/// The count that the sum of n examples is divided by; throws where the options do not fit them.
template <class T>
double require_options(char const* operation, batch_options<T> const& options, std::size_t n) {
  require_length_or_none(operation, "weights", options.weights.size(), n);
  require_length_or_none(operation, "losses", options.losses.size(), n);
  if (!(options.count >= 0)) {
    throw value_error(
        message(operation, ": count is ", options.count, ", expected a number of examples >= 0"));
  }
  return options.count > 0 ? options.count : static_cast<double>(n);
}

/// Throws if a token count is not positive: the formulas divide by it. Counted at memory speed, searched only to name it.
template <class T, class Backend, class Inputs>
void require_positive_tokens(char const* operation, Backend const& backend, Inputs const& in) {
  using frozen = typename Inputs::frozen;
  frozen::for_each_index([&]<int K>() {
    if constexpr (std::string_view(frozen::template at<K>::name).ends_with("tokens")) {
      T const* const counts = frozen::template get<K>(in).data();
      auto const n          = static_cast<std::int64_t>(frozen::template get<K>(in).size());
      if (n == 0 || backend.template sum<T>(n, not_positive<T>{{counts}}) == 0) return;
      auto const found = on_host(backend, std::span<T const>(counts, static_cast<std::size_t>(n)));
      for (std::size_t i = 0; i < found.size(); ++i) {
        if (!(found[i] > 0)) {
          throw value_error(message(operation, ": ", frozen::template at<K>::name, "[", i, "] is ", found[i],
                                    ", expected a token count > 0"));
        }
      }
    }
  });
}

[[noreturn]] inline void throw_weighted_not_a_number(char const* operation) {
  throw value_error(message(operation, ": the weighted loss is NaN; check the weights"));
}

/// Called when the loss came out NaN: throws, naming an input that is NaN, or the first example whose loss is.
template <class T, class Backend, class Objective, class Inputs>
[[noreturn]] void throw_not_a_number(char const* operation, Backend const& backend,
                                     Objective const& objective, Inputs const& in, std::size_t n) {
  using live         = typename Inputs::live;
  using frozen       = typename Inputs::frozen;
  using example_type = inputs_of<Objective, T>;
  std::vector<example_type> examples(n);
  auto take = [&](char const* name, std::span<T const> from, auto const& member) {
    auto const found = on_host(backend, from);
    for (std::size_t i = 0; i < n; ++i) {
      if (std::isnan(found[i])) throw value_error(message(operation, ": ", name, "[", i, "] is NaN"));
      member(examples[i]) = found[i];
    }
  };
  live::for_each_index([&]<int K>() {
    take(
        live::template at<K>::name, live::template get<K>(in),
        [](example_type & x) -> auto& { return example_type::live::template get<K>(x); });
  });
  frozen::for_each_index([&]<int K>() {
    take(
        frozen::template at<K>::name, frozen::template get<K>(in),
        [](example_type & x) -> auto& { return example_type::frozen::template get<K>(x); });
  });
  for (std::size_t i = 0; i < n; ++i) {
    if (std::isnan(objective(examples[i]))) {
      throw value_error(message(operation, ": the loss of example ", i,
                                " is NaN; its inputs contradict each other (inf - inf)"));
    }
  }
  throw_weighted_not_a_number(operation);
}

template <class Objective, class T, bool WithGradient, class Backend, class Inputs, class Gradient>
double evaluate_batch(char const* operation, Backend const& backend, Objective const& objective,
                      Inputs const& in, Gradient const& gradient, batch_options<T> const& options) {
  if (char const* problem = objective.invalid()) throw value_error(problem);
  std::size_t const n = batch_size(operation, in);
  require_positive_tokens<T>(operation, backend, in);
  double const count = require_options(operation, options, n);
  if (n == 0) return 0;

  batch_example<Objective, T, WithGradient> example{objective};
  using live   = typename Inputs::live;
  using frozen = typename Inputs::frozen;
  using rows   = inputs_of<Objective, row<T const>>;
  live::for_each_index(
      [&]<int K>() { rows::live::template get<K>(example.in) = {live::template get<K>(in).data()}; });
  frozen::for_each_index(
      [&]<int K>() { rows::frozen::template get<K>(example.in) = {frozen::template get<K>(in).data()}; });
  if constexpr (WithGradient) {
    using targets = inputs_of<Objective, row<T>>;
    live::for_each_index([&]<int K>() {
      auto const& target = Gradient::live::template get<K>(gradient);
      require_length_or_none(operation, live::template at<K>::name, target.size(), n);
      targets::live::template get<K>(example.gradient) = {target.data()};
    });
  }
  example.weights    = {options.weights.data()};
  example.losses     = {options.losses.data()};
  example.scale      = options.factor / count;
  example.accumulate = options.accumulate;
  double const total = backend.template sum<T>(static_cast<std::int64_t>(n), example);
  if (std::isnan(total)) throw_not_a_number<T>(operation, backend, objective, in, n);
  return total / count;
}

}  // namespace detail

/// Sum of weight * loss over the batch, divided by the global count [nats].
template <class Backend, differentiable_objective Objective, template <class> class Inputs, class T>
  requires std::same_as<Inputs<T>, inputs_of<Objective, T>>
double batch_loss(Backend const& backend, Objective const& objective, Inputs<std::span<T const>> const& in,
                  batch_options<T> const& options = {}) {
  return detail::evaluate_batch<Objective, T, false>("batch_loss", backend, objective, in, in, options);
}

/// The same, and its gradient with respect to every live input, written (or added) to the members of `gradient` of the
/// same names; an empty member is not computed. A gradient span may be the input span itself.
/// Throws shape_error for spans of different lengths, value_error for invalid parameters, token counts <= 0 and NaN.
template <class Backend, differentiable_objective Objective, template <class> class Inputs, class T>
  requires std::same_as<Inputs<T>, inputs_of<Objective, T>>
double batch_loss_and_gradient(Backend const& backend, Objective const& objective,
                               Inputs<std::span<T const>> const& in, Inputs<std::span<T>> const& gradient,
                               batch_options<T> const& options = {}) {
  return detail::evaluate_batch<Objective, T, true>("batch_loss_and_gradient", backend, objective, in,
                                                    gradient, options);
}

}  // namespace poft
