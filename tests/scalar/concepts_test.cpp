// Which types are objectives; what is none makes the concept false and stops no compilation.
// SPDX-License-Identifier: MIT
#include "poft/scalar/concepts.hpp"

#include <gtest/gtest.h>

#include "poft/objective/dpo.hpp"
#include "poft/objective/plackett_luce.hpp"

namespace {

template <class S>
struct nothing_live {
  poft::value_t<S> weight{};
  using live   = poft::fields<>;
  using frozen = poft::fields<poft::field<"weight", &nothing_live::weight>>;
};

struct constant_loss {
  [[maybe_unused]] static constexpr char const* name = "constant_loss";
  using parameters                                   = poft::fields<>;
  template <class S>
  using inputs = nothing_live<S>;
  template <class S>
  S operator()(nothing_live<S> const&) const {
    return poft::constant<S>(1);
  }
  constexpr char const* invalid() const { return nullptr; }
};

struct without_inputs {
  template <class S>
  S operator()(poft::preference_pair<S> const& pair) const {
    return pair.chosen;
  }
};

struct inputs_of_one_type {
  using inputs = poft::preference_pair<float>;
};

struct dpo_without_a_name {
  template <class S>
  using inputs = poft::preference_pair<S>;
  template <class S>
  S operator()(inputs<S> const& pair) const {
    return poft::objective::dpo{}(pair);
  }
};

TEST(concepts, dpo_is_an_objective) { static_assert(poft::differentiable_objective<poft::objective::dpo>); }

TEST(concepts, other_types_are_none) {
  static_assert(!poft::differentiable_objective<int>);
  static_assert(!poft::differentiable_objective<void>);
  static_assert(!poft::differentiable_objective<without_inputs>);
  static_assert(!poft::differentiable_objective<inputs_of_one_type>);
  static_assert(!poft::differentiable_objective<constant_loss>);
  static_assert(!poft::differentiable_objective<dpo_without_a_name>);
  static_assert(
      !poft::differentiable_objective<poft::objective::plackett_luce>);  // a list's: takes a gradient, too
}

}  // namespace
