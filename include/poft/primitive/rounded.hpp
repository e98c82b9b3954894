// Rows from one type of storage to another, and results that are rounded once, when they are complete.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/operation_room.hpp"
#include "poft/row/row.hpp"

namespace poft::primitive {

/// Row r of one matrix to row r of another; where a list of rows is given, from or to the r-th of it. Both types are computed
/// with in the same.
template <class From, class To>
struct convert_each_row {
  view<From const, 2> from;
  std::int64_t const* from_rows;
  view<To, 2> to;
  std::int64_t const* to_rows;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<From const> const x{from.row(from_rows ? from_rows[r] : r).data()};
    row<To> const y{to.row(to_rows ? to_rows[r] : r).data()};
    group.each(std::int64_t{0}, from.columns(), [=](auto i) { y.set(i, x[i]); });
  }
};

/// to = from, element by element, rounded where `to` is stored in a smaller type.
template <class Backend, class From, class To>
void convert(Backend const& backend, view<From, 2> from, view<To, 2> to) {
  backend.template for_rows<compute_t<To>>(
      to.rows(), to.columns(), convert_each_row<std::remove_const_t<From>, To>{from, nullptr, to, nullptr});
}

/// f(out), for an f that overwrites its argument and may add to it many times: where T is not the type of computation, f gets a
/// matrix of that in the place of `out`, which then receives it.
template <class Backend, class T, class F>
void rounded(Backend const& backend, view<T, 2> out, F const& f) {
  using C = compute_t<T>;
  if constexpr (std::is_same_v<T, C>) {
    f(out);
  } else {
    auto room = operation_room<C>(backend, out.size());
    view<C, 2> const complete(room.data(), out.rows(), out.columns());
    f(complete);
    convert(backend, complete, out);
  }
}

}  // namespace poft::primitive
