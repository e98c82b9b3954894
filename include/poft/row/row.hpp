// A row of a tensor as row algorithms see it, and small sums of several terms at once.
// SPDX-License-Identifier: MIT
//
// A row algorithm is a template over a group (one CPU thread with lanes, a CUDA warp or block, the one-by-one oracle) and is
// written once: group.sum(first, last, f), group.max(...), group.each(...) call f(i), where i is a plain integer or the
// position of a pack, and x[i] is the element or the pack there. Reductions are broadcast: every lane sees the result. Many
// threads may run a functor for one row: what it stores itself, not in each(), stands in group.once(f).
#pragma once

#include <concepts>
#include <cstdint>

#include "poft/core/bfloat16.hpp"
#include "poft/core/config.hpp"
#include "poft/scalar/functions.hpp"

namespace poft {

/// The type in which stored elements are computed with: float for bfloat16, else the type itself.
template <class Stored>
struct compute_of {
  using type = Stored;
};
template <>
struct compute_of<bfloat16> {
  using type = float;
};
template <class Stored>
using compute_t = typename compute_of<std::remove_const_t<Stored>>::type;

/// Non-owning pointer to contiguous elements; Stored may be const.
template <class Stored>
struct row {
  Stored* data;

  template <std::integral Index>
  POFT_FN compute_t<Stored> operator[](Index i) const {
    return static_cast<compute_t<Stored>>(data[i]);
  }
  template <class Index>
    requires(!std::integral<Index>)
  POFT_FN auto operator[](Index i) const { return i.load(data); }

  template <std::integral Index>
  POFT_FN void set(Index i, compute_t<Stored> value) const {
    data[i] = static_cast<Stored>(value);
  }
  template <class Index, class Lanes>
    requires(!std::integral<Index>)
  POFT_FN void set(Index i, Lanes value) const { i.store(data, value); }

  template <class Index, class Lanes>
  POFT_FN void add(Index i, Lanes value) const {
    set(i, (*this)[i] + value);
  }
};

/// N terms summed together in one pass over a row.
template <class S, int N>
struct terms {
  S at[N];

  terms() = default;
  template <class Zero>
  POFT_FN explicit terms(Zero zero) {
    for (int k = 0; k < N; ++k) at[k] = S(zero);
  }

  POFT_FN friend terms operator+(terms const& a, terms const& b) {
    terms out;
    for (int k = 0; k < N; ++k) out.at[k] = a.at[k] + b.at[k];
    return out;
  }
  template <class Mask>
  POFT_FN friend terms select(Mask mask, terms const& a, terms const& b) {
    terms out;
    for (int k = 0; k < N; ++k) out.at[k] = select(mask, a.at[k], b.at[k]);
    return out;
  }
};

/// Each term summed over its lanes.
template <class S, int N>
  requires requires(S lanes) { sum_of_lanes(lanes); }
POFT_FN auto sum_of_lanes(terms<S, N> const& a) {
  terms<element_t<S>, N> out;
  for (int k = 0; k < N; ++k) out.at[k] = sum_of_lanes(a.at[k]);
  return out;
}

}  // namespace poft
