// Products of a few rows with a few rows, their sums held in registers: the inner loops of attention.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "poft/core/config.hpp"
#include "poft/row/row.hpp"

namespace poft {

/// Rows that lie `stride` elements apart.
template <class Stored>
struct row_block {
  Stored* data;
  std::int64_t stride;

  POFT_FN row<Stored> operator[](std::int64_t r) const { return {data + r * stride}; }
  POFT_FN Stored& operator()(std::int64_t r, std::int64_t c) const { return data[r * stride + c]; }
  POFT_FN row_block from(std::int64_t r) const { return {data + r * stride, stride}; }
  template <class Const>
    requires(std::is_same_v<Const, Stored const> && !std::is_const_v<Stored>)
  POFT_FN operator row_block<Const>() const { return {data, stride}; }
};

/// weighted_sums from row `first` on, sizeof...(R) rows together while there are so many; returns the next row. The
/// sequence unrolls what loops would leave to the compiler's mood.
template <int... R, class Group, class T, class Start, class Weight, class Stored>
POFT_FN std::int64_t weighted_sums_in_strips(std::integer_sequence<int, R...>, std::int64_t first,
                                             Group group, std::int64_t rows, std::int64_t width,
                                             row_block<T> to, Start start, std::int64_t terms, Weight weight,
                                             row_block<Stored> from) {
  constexpr std::int64_t together = sizeof...(R);
  for (; first + together <= rows; first += together) {
    group.each(std::int64_t{0}, width, [=](auto i) {
      using S = decltype(from[0][i]);
      S sum[]{start(first + R, i)...};
      for (std::int64_t k = 0; k < terms; ++k) {
        S const x = from[k][i];
        ((sum[R] = sum[R] + S(weight(first + R, k)) * x), ...);
      }
      (to[first + R].set(i, sum[R]), ...);
    });
  }
  return first;
}

///   to[r][i] = start(r, i) + sum_k weight(r, k) from[k][i]      r < rows, k < terms, i < width
///
/// Lanes run along the rows; a weight is one number for all of them. Several rows share each load of `from`.
template <class Group, class T, class Start, class Weight, class Stored = T const>
POFT_FN void weighted_sums(Group group, std::int64_t rows, std::int64_t width, row_block<T> to, Start start,
                           std::int64_t terms, Weight weight, row_block<Stored> from) {
  auto const from_row = [=](auto strip, std::int64_t first) {
    return weighted_sums_in_strips(strip, first, group, rows, width, to, start, terms, weight, from);
  };
  std::int64_t next = from_row(std::make_integer_sequence<int, 8>{}, 0);
  next              = from_row(std::make_integer_sequence<int, 2>{}, next);
  from_row(std::make_integer_sequence<int, 1>{}, next);
}

}  // namespace poft
