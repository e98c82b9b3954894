// A list of objective types: what tests, benches, tools and the README's table iterate over.
// SPDX-License-Identifier: MIT
#pragma once

namespace poft {

template <class... Objectives>
struct objective_list {
  static constexpr int count = sizeof...(Objectives);

  /// f.template operator()<Objective>() for each, in order.
  template <class F>
  static constexpr void for_each(F&& f) {
    (f.template operator()<Objectives>(), ...);
  }
};

template <class... Lists>
struct concatenate;
template <class... Lists>
using concatenate_t = typename concatenate<Lists...>::type;
template <class... A>
struct concatenate<objective_list<A...>> {
  using type = objective_list<A...>;
};
template <class... A, class... B, class... Rest>
struct concatenate<objective_list<A...>, objective_list<B...>, Rest...> {
  using type = concatenate_t<objective_list<A..., B...>, Rest...>;
};

}  // namespace poft
