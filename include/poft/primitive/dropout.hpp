// Dropout whose mask is a function of seed, stream and element, never stored: contract, and the default made of rows.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/error.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/row.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::primitive {

template <class T>
struct dropout_each_row {
  using C = compute_t<T>;

  float probability;
  C scale;
  std::uint64_t seed, stream;
  view<T const, 2> x;
  view<T, 2> y;

  /// random_stream's words of a row, several blocks at once, which compilers then put into lanes.
  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    constexpr std::int64_t blocks = 16, at_once = 4 * blocks;
    C factors[at_once];  // 0 or scale, of the elements first, first + 1, ... of the matrix
    std::int64_t const begin = r * x.columns(), end = begin + x.columns();
    for (std::int64_t first = begin / 4 * 4; first < end; first += at_once) {
      for (std::int64_t b = 0; b < blocks; ++b) {
        auto const index = static_cast<std::uint64_t>(first / 4 + b);
        philox_block const drawn =
            philox({{low(index), high(index), low(stream), high(stream)}}, {{low(seed), high(seed)}});
        for (int k = 0; k < 4; ++k) {
          // Through int: AVX2 has no other conversion.
          float const uniform = static_cast<float>(static_cast<std::int32_t>(drawn.word[k] >> 8)) * 0x1p-24f;
          factors[4 * b + k]  = uniform < probability ? C(0) : scale;
        }
      }
      std::int64_t const from = first < begin ? begin : first, left = end - first;
      std::int64_t const to = first + (left < at_once ? left : at_once);
      row<C const> const factor{factors + (from - first)};
      row<T const> const in{&x(r, from - begin)};
      row<T> const out{&y(r, from - begin)};
      group.each(std::int64_t{0}, to - from, [=](auto i) {
        using S      = decltype(in[i]);
        S const zero = S(C(0));
        out.set(i, select(factor[i] > zero, factor[i] * in[i], zero));
      });
    }
  }

 private:
  POFT_FN static std::uint32_t low(std::uint64_t number) { return static_cast<std::uint32_t>(number); }
  POFT_FN static std::uint32_t high(std::uint64_t number) { return static_cast<std::uint32_t>(number >> 32); }
};

/// Srivastava et al. 2014, scaled while training, so that nothing is left to do afterwards:
///
///   forward    y   = x / (1 - probability) or, with this probability, 0       x, y [rows, width]
///   backward   d_x = d_y / (1 - probability) where x was kept, else 0
///
/// Both overwrite; y may be x, d_x may be d_y. Element (r, c) is dropped where word r width + c of the stream, as a
/// uniform float, is below the probability: the same mask forward and backward, for any backend, any number of
/// threads, in float and in double. A training step takes one stream for each use, never used again.
template <class Backend>
struct dropout {
  template <class T>
  static void forward(Backend const& backend, double probability, std::uint64_t seed, std::uint64_t stream,
                      std::type_identity_t<view<T const, 2>> x, view<T, 2> y) {
    require_shape("dropout", "y", y, x.rows(), x.columns());
    if (!(probability >= 0 && probability < 1)) {
      throw value_error(message("dropout: probability is ", probability, ", expected 0 <= probability < 1"));
    }
    backend.template for_rows<compute_t<T>>(
        x.rows(), x.columns(),
        dropout_each_row<T>{static_cast<float>(probability), static_cast<compute_t<T>>(1 / (1 - probability)),
                            seed, stream, x, y});
  }
  template <class T>
  static void backward(Backend const& backend, double probability, std::uint64_t seed, std::uint64_t stream,
                       std::type_identity_t<view<T const, 2>> d_y, view<T, 2> d_x) {
    forward<T>(backend, probability, seed, stream, d_y, d_x);  // the map is diagonal: its own transpose
  }
};

}  // namespace poft::primitive
