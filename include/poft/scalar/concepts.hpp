// What an objective is, as a concept: a formula over a named input struct, callable with dual numbers; or a listwise one.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/core/view.hpp"
#include "poft/scalar/dual.hpp"

namespace poft {

/// The input struct of an objective, over the scalar type T (or over any other type: spans make it a batch).
template <class Objective, class T>
using inputs_of = typename Objective::template inputs<T>;

/// How many of its inputs carry a gradient.
template <class Objective>
inline constexpr int live_count = inputs_of<Objective, float>::live::count;

/// A small struct with `template <class S> using inputs = ...;`, a templated `S operator()(inputs<S> const&) const`, its
/// `name`, its `parameters` (named double or bool members), and `char const* invalid() const`, which says what is wrong
/// with them (nullptr: nothing). Its inputs are asked for first: of any other type this is false, not an error.
template <class Objective>
concept differentiable_objective =
    (inputs_of<Objective, float>::live::count > 0) &&
    requires(Objective const& objective, inputs_of<Objective, dual<float, live_count<Objective>>> const& in) {
  { objective(in) } -> std::same_as<dual<float, live_count<Objective>>>;
  { objective.invalid() } -> std::same_as<char const*>;
  { Objective::name } -> std::convertible_to<char const*>;
  Objective::parameters::count;
};

/// An objective of a whole list of responses: its inputs are views, and it writes its gradient itself
/// (objective/list_inputs.hpp).
template <class Objective>
concept list_objective = requires(Objective const& objective, inputs_of<Objective, double> const& in,
                                  view<double> gradient) {
  { objective(in, gradient) } -> std::same_as<double>;
  { objective.invalid() } -> std::same_as<char const*>;
  { Objective::name } -> std::convertible_to<char const*>;
  Objective::parameters::count;
};

}  // namespace poft
