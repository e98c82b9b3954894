// A view: a pointer with its extents, for memory that somebody else owns, on the host and on the device.
// SPDX-License-Identifier: MIT
//
// One alphabet of extents, used in every comment that gives a shape:
//
//   batch      sequences, pairs or examples that are treated together
//   time       positions in one sequence
//   channels   features of one position (the hidden size)
//   heads      attention heads
//   vocab      the items that a distribution ranges over (tokens, actions)
//   tokens     positions of all sequences of a ragged batch, one after the other: there is no [batch, time]
//   rows       whatever is treated row by row, where its meaning does not matter
//
// Shapes stand in brackets, slowest extent first: logits [tokens, vocab].
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "poft/core/config.hpp"

namespace poft {

/// Non-owning, trivially copyable, as cheap as its members: pass it by value. Copying it copies no element,
/// and a constant view still writes to its elements; read-only is view<T const>, which every view<T> converts
/// to. Extents are signed and nothing is checked here, because device code cannot throw: host entry points
/// compare the extents they are given.
template <class T, int Rank = 1>
class view;

namespace detail {
template <class T>
inline constexpr bool is_view = false;
template <class T, int Rank>
inline constexpr bool is_view<view<T, Rank>> = true;

// data() points to elements of type T, up to const; not to a derived class, whose elements lie further apart.
template <class Range, class T>
concept holds = !is_view<std::remove_const_t<Range>> && requires(Range & range) {
  range.size();
  requires std::is_convertible_v < std::remove_pointer_t<decltype(range.data())>(*)
  [], T(*)[] > ;
};
}  // namespace detail

/// [size], contiguous.
template <class T>
class view<T, 1> {
 public:
  using element_type = T;
  using value_type   = std::remove_cv_t<T>;

  view() = default;
  POFT_FN constexpr view(T* data, std::ptrdiff_t size) : data_(data), size_(size) {}

  /// From view<T> to view<T const>.
  template <class U>
    requires(!std::is_same_v<U, T> && std::is_convertible_v<U (*)[], T (*)[]>)
  POFT_FN constexpr view(view<U, 1> other) : data_(other.data()), size_(other.size()) {}

  /// From whatever has data() and size() on the host: std::span, std::vector, std::array. The second form
  /// takes temporaries, which live until the end of the call; as with std::span, an owner then gives
  /// read-only elements.
  template <class Range>
    requires detail::holds<Range, T>
  constexpr view(Range& range) : data_(range.data()), size_(static_cast<std::ptrdiff_t>(range.size())) {}
  template <class Range>
    requires detail::holds<Range const, T>
  constexpr view(Range const& range)
      : data_(range.data()), size_(static_cast<std::ptrdiff_t>(range.size())) {}

  POFT_FN constexpr T* data() const { return data_; }
  POFT_FN constexpr std::ptrdiff_t size() const { return size_; }
  POFT_FN constexpr bool empty() const { return size_ == 0; }
  POFT_FN constexpr T* begin() const { return data_; }
  POFT_FN constexpr T* end() const { return data_ + size_; }
  POFT_FN constexpr T& operator[](std::ptrdiff_t i) const { return data_[i]; }
  POFT_FN constexpr T& operator()(std::ptrdiff_t i) const { return data_[i]; }

  /// `count` elements from `first` on.
  POFT_FN constexpr view subview(std::ptrdiff_t first, std::ptrdiff_t count) const {
    return {data_ + first, count};
  }

 private:
  T* data_             = nullptr;
  std::ptrdiff_t size_ = 0;
};

/// [rows, columns], rows contiguous and `row_stride` elements apart; the stride may exceed the columns
/// (padded rows, the left part of a wider matrix).
template <class T>
class view<T, 2> {
 public:
  using element_type = T;
  using value_type   = std::remove_cv_t<T>;

  view() = default;
  POFT_FN constexpr view(T* data, std::ptrdiff_t rows, std::ptrdiff_t columns)
      : view(data, rows, columns, columns) {}
  POFT_FN constexpr view(T* data, std::ptrdiff_t rows, std::ptrdiff_t columns, std::ptrdiff_t row_stride)
      : data_(data), rows_(rows), columns_(columns), row_stride_(row_stride) {}

  /// From view<T, 2> to view<T const, 2>.
  template <class U>
    requires(!std::is_same_v<U, T> && std::is_convertible_v<U (*)[], T (*)[]>)
  POFT_FN constexpr view(view<U, 2> other)
      : view(other.data(), other.rows(), other.columns(), other.row_stride()) {}

  POFT_FN constexpr T* data() const { return data_; }
  POFT_FN constexpr std::ptrdiff_t rows() const { return rows_; }
  POFT_FN constexpr std::ptrdiff_t columns() const { return columns_; }
  POFT_FN constexpr std::ptrdiff_t row_stride() const { return row_stride_; }
  /// Elements that belong to the view; the gaps between its rows do not.
  POFT_FN constexpr std::ptrdiff_t size() const { return rows_ * columns_; }
  POFT_FN constexpr bool empty() const { return size() == 0; }
  /// Whether size() elements from data() on are exactly the view.
  POFT_FN constexpr bool is_contiguous() const { return row_stride_ == columns_ || rows_ <= 1; }

  POFT_FN constexpr T& operator()(std::ptrdiff_t i, std::ptrdiff_t j) const {
    return data_[i * row_stride_ + j];
  }
  POFT_FN constexpr view<T, 1> row(std::ptrdiff_t i) const { return {data_ + i * row_stride_, columns_}; }

  /// `count` rows from `first` on.
  POFT_FN constexpr view subview(std::ptrdiff_t first, std::ptrdiff_t count) const {
    return {data_ + first * row_stride_, count, columns_, row_stride_};
  }

 private:
  T* data_                   = nullptr;
  std::ptrdiff_t rows_       = 0;
  std::ptrdiff_t columns_    = 0;
  std::ptrdiff_t row_stride_ = 0;
};

template <class T>
view(T*, std::ptrdiff_t) -> view<T, 1>;
template <class T>
view(T*, std::ptrdiff_t, std::ptrdiff_t) -> view<T, 2>;
template <class T>
view(T*, std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t) -> view<T, 2>;
template <class Range>
view(Range&) -> view<std::remove_pointer_t<decltype(std::declval<Range&>().data())>, 1>;
template <class Range>
view(Range const&) -> view<std::remove_pointer_t<decltype(std::declval<Range const&>().data())>, 1>;

}  // namespace poft
