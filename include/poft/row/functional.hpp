// Functionals of a distribution over a row of logits: their value and their gradient, whatever they are.
// SPDX-License-Identifier: MIT
//
// A functional F = sum_v f(pi_v, ...) is a small struct whose operator() gets the outcome of one item
// under the student pi = softmax(z), and under any other rows that it compares with, and returns two
// numbers:
//
//   value   f at this item
//   slope   dF/dlog pi_v at frozen other items, up to a constant times pi_v, which makes no difference
//
// Then dF/dz_v = slope_v - pi_v sum_u slope_u. Three passes in all: the normalisers
// (row/log_softmax.hpp), the sums, the gradient. Nothing of the size of the row is stored.
#pragma once

#include "poft/row/log_softmax.hpp"

namespace poft {

/// value and slope summed over the row, or of one item.
template <class S>
POFT_FN terms<S, 2> value_and_slope(S value, S slope) {
  terms<S, 2> out;
  out.at[0] = value;
  out.at[1] = slope;
  return out;
}

/// F (at[0]) and the sum of its slopes (at[1]).
template <class Functional, class Group, class Student, class... Others>
POFT_FN auto read_functional(Functional functional, Group group, std::int64_t vocab, Student student,
                             Others... others) {
  return group.sum(0, vocab, [=](auto i) { return functional(student.at(i), others.at(i)...); });
}

/// factor * dF/dz, overwritten or added; d_z [vocab] may be z. A masked item (probability 0) gets exactly 0.
template <class Functional, class Group, class Sums, class Stored, class Student, class... Others>
POFT_FN void write_functional(Functional functional, Group group, std::int64_t vocab, Sums sums,
                              row<Stored> d_z, compute_t<Stored> factor, bool accumulate, Student student,
                              Others... others) {
  using T          = compute_t<Stored>;
  T const slopes   = sums.at[1];
  T const infinity = constant<T>(INFINITY);
  group.each(0, vocab, [=](auto i) {
    auto const own = student.at(i);
    using S        = decltype(own.prob + own.prob);
    S const zero   = S(T(0));
    S const slope  = functional(own, others.at(i)...).at[1];
    // Where F is infinite its gradient is too: inf - pi inf would be NaN.
    S const d = select(slope < S(infinity), slope - own.prob * S(slopes), slope);
    S const g = S(factor) * select(own.prob > zero, d, select(own.log_prob > S(-infinity), slope, zero));
    d_z.set(i, accumulate ? d_z[i] + g : g);
  });
}

/// Value of F and, added to or written over d_z, factor times its gradient.
template <class Functional, class Group, class Stored, class Student, class... Others>
POFT_FN auto value_and_gradient_of(Functional functional, Group group, std::int64_t vocab, row<Stored> d_z,
                                   compute_t<Stored> factor, bool accumulate, Student student,
                                   Others... others) {
  auto const sums = read_functional(functional, group, vocab, student, others...);
  write_functional(functional, group, vocab, sums, d_z, factor, accumulate, student, others...);
  return sums.at[0];
}

}  // namespace poft
