// Rotary position embedding: contract, and the default made of rows.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/error.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/primitive/operation_room.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/row.hpp"

namespace poft::primitive {

/// Row r of the angles' table: the cosines, then the sines, of the position that row r stands for.
template <class T>
struct rotary_table_row {
  row<std::int32_t const> positions;
  std::int64_t first_position;  // of row 0, where a row is a position; -1: row r is that of positions[r]
  double base;
  view<T, 2> table;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    std::int64_t const half = table.columns() / 2;
    double const position = static_cast<double>(first_position < 0 ? positions.data[r] : first_position + r);
    group.once([&] {
      for (std::int64_t c = 0; c < half; ++c) {
        double const angle = position * std::pow(base, -static_cast<double>(c) / static_cast<double>(half));
        table(r, c)        = static_cast<T>(std::cos(angle));
        table(r, c + half) = static_cast<T>(std::sin(angle));
      }
    });
  }
};

template <class T>
struct rotary_each_row {
  row<std::int32_t const> positions;
  std::int64_t first_position;
  view<compute_t<T> const, 2> table;
  compute_t<T> direction;  // 1, or -1 to turn back
  view<T, 2> x;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    std::int64_t const channels = table.columns(), half = channels / 2;
    row<compute_t<T> const> const cosine{
        table.row(first_position < 0 ? r : positions.data[r] - first_position).data()};
    row<compute_t<T> const> const sine{cosine.data + half};
    compute_t<T> const sign = direction;
    for (std::int64_t head = 0; head < x.columns(); head += channels) {
      row<T> const low{x.row(r).data() + head}, high{low.data + half};
      group.each(std::int64_t{0}, half, [=](auto c) {
        using S   = decltype(low[c]);
        S const a = low[c], b = high[c];
        S const turned = S(sign) * sine[c];
        low.set(c, a * cosine[c] - b * turned);
        high.set(c, b * cosine[c] + a * turned);
      });
    }
  }
};

/// Su et al. 2021, arXiv:2104.09864, eq. 15, with Hugging Face's pairs: channel c of a head goes with channel c +
/// head_channels / 2. In place on x [rows, k head_channels], k heads side by side:
///
///   angle    = position base^(-2 c / head_channels)            c < head_channels / 2
///   forward    (x_c, x_c') = (x_c cos - x_c' sin, x_c' cos + x_c sin)
///   backward   turns d_x back by the same angles
///
/// The host reads the positions, which are >= 0. The angles are computed in double, once for each position between the
/// smallest and the largest, or for each row where that is less.
template <class Backend>
struct rotary {
  template <class T>
  static void forward(Backend const& backend, indices<Backend, std::int32_t> positions,
                      std::ptrdiff_t head_channels, double base, view<T, 2> x) {
    turn("rotary forward", "x", backend, positions, head_channels, base, 1, x);
  }
  template <class T>
  static void backward(Backend const& backend, indices<Backend, std::int32_t> positions,
                       std::ptrdiff_t head_channels, double base, view<T, 2> d_x) {
    turn("rotary backward", "d_x", backend, positions, head_channels, base, -1, d_x);
  }

 private:
  template <class T>
  static void turn(char const* operation, char const* name, Backend const& backend,
                   indices<Backend, std::int32_t> positions_of_rows, std::ptrdiff_t head_channels,
                   double base, compute_t<T> direction, view<T, 2> x) {
    using C                                  = compute_t<T>;
    view<std::int32_t const> const positions = positions_of_rows.host();
    require_shape(operation, name, x, positions.size(), x.columns());
    if (head_channels < 2 || head_channels % 2 != 0 || x.columns() % head_channels != 0) {
      throw shape_error(message(operation, ": head_channels is ", head_channels,
                                ", expected an even divisor of ", x.columns(), ", the columns of ", name));
    }
    if (!(base > 0 && std::isfinite(base))) {
      throw value_error(message(operation, ": base is ", base, ", expected finite and > 0"));
    }
    if (positions.empty()) return;
    std::int64_t smallest = positions[0], largest = positions[0];
    for (std::ptrdiff_t r = 0; r < positions.size(); ++r) {
      if (positions[r] < 0) {
        throw value_error(message(operation, ": positions[", r, "] is ", positions[r], ", expected >= 0"));
      }
      smallest = std::min<std::int64_t>(smallest, positions[r]);
      largest  = std::max<std::int64_t>(largest, positions[r]);
    }
    std::int64_t const range          = largest - smallest + 1;
    std::int64_t const table_rows     = std::min<std::int64_t>(range, positions.size());
    std::int64_t const first_position = table_rows == range ? smallest : -1;
    auto angles                       = operation_room<C>(backend, table_rows * head_channels);
    view<C, 2> const table(angles.data(), table_rows, head_channels);
    constexpr std::int64_t cost_of_angle = 16;  // elements that are turned in the time of one angle
    backend.template for_rows<C>(table_rows, cost_of_angle * head_channels,
                                 rotary_table_row<C>{positions_of_rows.there(), first_position, base, table});
    backend.template for_rows<C>(
        x.rows(), x.columns(),
        rotary_each_row<T>{positions_of_rows.there(), first_position, table, direction, x});
  }
};

}  // namespace poft::primitive
