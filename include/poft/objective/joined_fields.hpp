// The parameters of composed objectives: one list of fields made of two.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/scalar/fields.hpp"

namespace poft {

template <class First, class Second>
struct joined_fields;
template <class... A, class... B>
struct joined_fields<fields<A...>, fields<B...>> {
  using type = fields<A..., B...>;
};
template <class First, class Second>
using joined_fields_t = typename joined_fields<First, Second>::type;

}  // namespace poft
