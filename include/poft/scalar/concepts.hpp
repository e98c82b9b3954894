// What an objective is, as a concept: a formula over a named input struct, callable with dual numbers.
// SPDX-License-Identifier: MIT
#pragma once

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
/// with them (nullptr: nothing).
template <class Objective>
concept differentiable_objective =
    requires(Objective const& objective, inputs_of<Objective, dual<float, live_count<Objective>>> const& in) {
  { objective(in) } -> std::same_as<dual<float, live_count<Objective>>>;
  { objective.invalid() } -> std::same_as<char const*>;
  { Objective::name } -> std::convertible_to<char const*>;
  Objective::parameters::count;
};

}  // namespace poft
