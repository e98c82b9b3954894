// Names for the members of an input struct: the one line from which batch loops, kernels, checkers and tools are made.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/core/config.hpp"

namespace poft {

/// Text as a template argument.
template <int Size>
struct fixed_text {
  char text[Size]{};
  consteval fixed_text(char const (&from)[Size]) {
    for (int i = 0; i < Size; ++i) text[i] = from[i];
  }
};

/// One member: field<"chosen", &preference_pair<S>::chosen>.
template <fixed_text Name, auto Member>
struct field {
  static constexpr char const* name = Name.text;
  template <class Struct>
  POFT_FN static constexpr auto& of(Struct& object) {
    return object.*Member;
  }
};

namespace detail {
template <int K, class... Fields>
struct nth;
template <int K, class First, class... Rest>
struct nth<K, First, Rest...> {
  using type = typename nth<K - 1, Rest...>::type;
};
template <class First, class... Rest>
struct nth<0, First, Rest...> {
  using type = First;
};
}  // namespace detail

/// A list of members; `at<k>` is the k-th field.
template <class... Fields>
struct fields {
  static constexpr int count = sizeof...(Fields);

  template <int K>
  using at = typename detail::nth<K, Fields...>::type;

  template <int K, class Struct>
  POFT_FN static constexpr auto& get(Struct& object) {
    return at<K>::of(object);
  }

  /// f.template operator()<k>() for k = 0 .. count-1, in order.
  POFT_ANY_CALLER
  template <class F>
  POFT_FN static constexpr void for_each_index(F&& f) {
    for_each_from<0>(f);
  }

 private:
  POFT_ANY_CALLER
  template <int K, class F>
  POFT_FN static constexpr void for_each_from([[maybe_unused]] F& f) {
    if constexpr (K < count) {
      f.template operator()<K>();
      for_each_from<K + 1>(f);
    }
  }
};

}  // namespace poft
