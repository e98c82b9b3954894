// What a backend must provide; every tensor operation has a default made of these few things.
// SPDX-License-Identifier: MIT
//
//   allocate<T>(n)            an owner of n elements, zeros at first, with data() and size(); moved, not copied
//   copy(from, to)            elements of one view to another of the same shape
//   fill(to, value)           every element of a view
//   gemm(options, a, b, c)    the matrix product of primitive/gemm.hpp, for elements of bfloat16 also into a c of float
//   for_rows<T>(n, width, f)  f(group, r) for r = 0 .. n-1, in any order and possibly at once; group is one of
//                             the backend's groups over elements of type T (row/; float for bfloat16), width says how
//                             many elements f looks at. f is a named struct, copied freely; different r write to
//                             different elements
//   sum<T>(n, f)              the sum of f(i) over i = 0 .. n-1 in double; i is one of the group's indices
//
// and what it may provide:
//
//   for_pieces(count, f)      f(b, k) for k = 0 .. count-1, in any order and possibly at once, where b is a backend of
//                             the same type that computes the same with a share of the threads; f throws nothing.
//                             Call it as poft::for_pieces(backend, count, f)
//   replayed(key, f)          f(b) for work that only launches rows, fills and products and comes again and again; key() gives
//                             all numbers that it depends on: with equal ones the backend may repeat what it did before.
//                             Call it as poft::replayed(backend, key, f)
//   host(), read(from, to)    where its memory is not the host's (primitive/backend_copy.hpp): a backend for what the host
//                             holds, and a copy into the host's memory that is there when it returns; copy() may then
//                             have either side in the host's memory
//
// All are const: a backend is a value that says where and with how many threads, and holds no state of a
// computation.
#pragma once

#include <concepts>
#include <cstdint>

#include "poft/core/view.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/primitive/gemm.hpp"
#include "poft/row/row.hpp"

namespace poft {

namespace detail {
struct some_row_functor {
  template <class Group>
  void operator()(Group, std::int64_t) const {}
};
template <class T>
struct some_terms {
  T const* data;
  template <std::integral Index>
  T operator()(Index i) const {
    return data[i];
  }
  template <class Index>
  auto operator()(Index i) const {
    return i.load(data);
  }
};
}  // namespace detail

/// Backend holds elements of type T and computes with them in compute_t<T>.
template <class Backend, class T>
concept backend_for = std::copyable<Backend> &&
    requires(Backend const& backend, view<T const, 2> a, view<T, 2> c, view<compute_t<T>, 2> wide,
             view<T const> from, view<T> to) {
  { backend.template allocate<T>(std::int64_t{1}).data() } -> std::convertible_to<T*>;
  backend.copy(from, to);
  backend.fill(to, T{});
  backend.gemm({.transpose_b = true, .beta = 1}, a, a, c);
  backend.gemm({.transpose_b = true, .beta = 1}, a, a, wide);
  backend.template for_rows<compute_t<T>>(std::int64_t{1}, std::int64_t{1}, detail::some_row_functor{});
  {
    backend.template sum<compute_t<T>>(std::int64_t{1}, detail::some_terms<compute_t<T>>{})
    } -> std::convertible_to<double>;
};

/// Work that is cut above the level of single operations: f(b, k) for k = 0 .. count-1, in turn where the backend does not
/// offer more. Pieces write to different elements.
template <class Backend, class F>
void for_pieces(Backend const& backend, std::int64_t count, F const& f) {
  if constexpr (requires { backend.for_pieces(count, f); }) {
    backend.for_pieces(count, f);
  } else {
    for (std::int64_t k = 0; k < count; ++k) f(backend, k);
  }
}

/// f(backend), which a backend may repeat without calling f while key() gives equal numbers, std::vector<std::uint64_t>.
template <class Backend, class Key, class F>
void replayed(Backend const& backend, Key const& key, F const& f) {
  if constexpr (requires { backend.replayed(key, f); }) {
    backend.replayed(key, f);
  } else {
    f(backend);
  }
}

}  // namespace poft
