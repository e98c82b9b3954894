// value_and_gradient: an objective's value at plain numbers together with the derivative of every live input.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/scalar/concepts.hpp"
#include "poft/scalar/dual.hpp"
#include "poft/scalar/fields.hpp"

namespace poft {

/// The inputs as dual numbers, live input k in direction k, frozen inputs as they are. T is a plain number or a pack.
template <template <class> class Inputs, class T>
POFT_FN auto differentiable(Inputs<T> const& in) {
  using from = Inputs<T>;
  using to   = Inputs<dual<T, from::live::count>>;
  to out;
  from::live::for_each_index([&]<int K>() {
    to::live::template get<K>(out) = {from::live::template get<K>(in), K};
  });
  from::frozen::for_each_index(
      [&]<int K>() { to::frozen::template get<K>(out) = from::frozen::template get<K>(in); });
  return out;
}

/// A value and, under the same names as the inputs, its derivatives; frozen members stay 0.
template <class Inputs, class T>
struct evaluation {
  T value{};
  Inputs gradient{};
};

/// Level 0: value [nats] and gradient for one example whose log-probs the caller already has.
///
///   auto [loss, d] = value_and_gradient(objective::dpo{.beta = 0.1}, preference_pair<double>{...});   d.chosen, d.rejected
template <differentiable_objective Objective, template <class> class Inputs, class T>
requires std::same_as<Inputs<T>, inputs_of<Objective, T>> POFT_FN auto value_and_gradient(
    Objective const& objective, Inputs<T> const& in) {
  using live        = typename Inputs<T>::live;
  auto const result = objective(differentiable(in));
  evaluation<Inputs<T>, T> out;
  out.value = result.value;
  live::for_each_index([&]<int K>() { live::template get<K>(out.gradient) = result.partial[K]; });
  return out;
}

}  // namespace poft
