// Causal attention by tiles, whose scores never leave the threads that hold them: for devices with shared memory.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "poft/core/bfloat16.hpp"
#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/attention.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/primitive/operation_room.hpp"
#include "poft/row/row.hpp"
#include "poft/row/small_product.hpp"
#include "poft/row/warp_tiles.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::primitive {

/// Tiles of a ragged batch: some rows of one sequence and head. The longest sequence has `most` of them; a head with more
/// channels than a group's sums take has several slices, whose scores are computed again for each.
struct flash_tiles {
  attention_shape shape;
  row<std::int64_t const> offsets;
  std::int64_t sequences, heads, slices, most;

  struct place {
    std::int64_t begin, tokens;  // of the sequence
    std::int64_t first, rows;    // of the tile, in the sequence; no rows where a sequence is too short for it
    std::int64_t head;
    int channel;  // first of the slice
  };

  std::int64_t count() const { return most * sequences * heads * slices; }

  /// All sequences' tiles number `turn` follow each other.
  template <class Group>
  POFT_FN place at(Group const& group, std::int64_t item, bool last_ones_first) const {
    std::int64_t const slice = item % slices, head = item / slices % heads,
                       s = item / slices / heads % sequences, turn = item / slices / heads / sequences;
    std::int64_t const begin = offsets.data[s], tokens = offsets.data[s + 1] - begin;
    std::int64_t const first = (last_ones_first ? most - 1 - turn : turn) * group.rows();
    std::int64_t const left  = tokens - first;
    return {begin, tokens,
            first, left < group.rows() ? left : group.rows(),
            head,  static_cast<int>(slice) * Group::slice};
  }
};

/// Columns of qkv where a head's parts begin.
struct flash_columns {
  std::int64_t query, key, value;
  POFT_FN flash_columns(attention_shape const& shape, std::int64_t head)
      : query(head * shape.head_channels),
        key(shape.query_channels() + head / shape.group() * shape.head_channels),
        value(key + shape.kv_channels()) {}
};

/// Tiles of columns of two matrices, held twice: with one pair is computed while the next is loaded.
template <class Group, class T>
struct flash_turns {
  Group const& group;
  int from;  // row of the group's memory
  std::int64_t channels;

  POFT_FN row_block<T> first(int turn) const { return group.tile(from + turn * 2 * Group::columns); }
  POFT_FN row_block<T> second(int turn) const { return first(turn).from(Group::columns); }
  POFT_FN row_block<T> behind() const { return first(2); }
  POFT_FN void load(int turn, row_block<T const> a, row_block<T const> b, std::int64_t there) const {
    group.load(first(turn), Group::columns, a, there, channels);
    group.load(second(turn), Group::columns, b, there, channels);
  }
};

/// A tile's sums into its rows of a matrix, whose first one of the head is `to`.
template <class Group, class Held, class T>
POFT_FN void flash_store(Group const& group, flash_tiles::place const& at, std::int64_t channels, Held& sums,
                         row_block<T> to) {
  group.each(
      [&](int r, int c, int, compute_t<T>& x) {
        if (r < at.rows && at.channel + c < channels) to(r, at.channel + c) = static_cast<T>(x);
      },
      sums);
}

/// share[i][head] = d_y_i y_i = sum_j p_ij d_p_ij
template <class T>
struct flash_share_each_row {
  attention_shape shape;
  view<T const, 2> y, d_y;
  view<compute_t<T>, 2> share;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    std::int64_t const i = r / shape.heads, head = r % shape.heads, channel = head * shape.head_channels;
    row<T const> const out{&y(i, channel)}, d_out{&d_y(i, channel)};
    auto const total = group.sum(std::int64_t{0}, std::int64_t{shape.head_channels},
                                 [=](auto c) { return d_out[c] * out[c]; });
    group.once([&] { share(i, head) = total; });
  }
};

/// Powers of 2 take the device one instruction.
inline constexpr double log2_of_e = 1.4426950408889634;

/// Some queries of a head against the keys that they see, with a running maximum and sum.
template <class T>
struct flash_forward_each_tile {
  using value = compute_t<T>;

  flash_tiles tiles;
  value scale;
  view<T const, 2> qkv;
  view<T, 2> y;
  view<value, 2> log_normaliser;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t item) const {
    constexpr int columns = Group::columns;
    auto const at         = tiles.at(group, item, true);
    if (at.rows <= 0) return;
    std::int64_t const channels = tiles.shape.head_channels, keys = at.first + at.rows;
    flash_columns const of(tiles.shape, at.head);
    flash_turns<Group, T> const k_and_v{group, group.rows(), channels};
    auto const load = [&](std::int64_t j, int turn) {
      k_and_v.load(turn, rows_from(qkv, at.begin + j, of.key), rows_from(qkv, at.begin + j, of.value),
                   keys - j);
    };
    auto const q = group.tile(0);
    group.load(q, group.rows(), rows_from(qkv, at.begin + at.first, of.query), at.rows, channels);
    load(0, 0);

    value const lowest = constant<value>(-INFINITY), scale_2 = scale * constant<value>(log2_of_e);
    auto const larger = [](value a, value b) { return std::fmax(a, b); };  // a NaN reaches the sum
    typename Group::template held<Group::slice> out{};
    typename Group::per_row peak, sum, carried;
    group.each_row([&](int, int k) { peak[k] = lowest, sum[k] = value(0); });
    int turn = 0;
    for (std::int64_t j = 0; j < keys; j += columns, turn = 1 - turn) {
      group.arrive();
      if (j + columns < keys) load(j + columns, 1 - turn);
      int const before = static_cast<int>(at.first - j);  // query r sees the tile's keys 0 .. before + r
      if (before + group.last_row() < 0) continue;
      typename Group::template held<columns> p{};
      group.add_scores(p, q, k_and_v.first(turn));
      if (before + group.first_row() < columns - 1) {
        group.each([&](int r, int c, int, value& x) { x = c > before + r ? lowest : x; }, p);
      }
      auto highest = peak;
      group.each([&](int, int, int k, value& x) { highest[k] = larger(highest[k], x); }, p);
      group.across(highest, larger);
      group.each_row([&](int, int k) {
        carried[k] = Group::exp2(scale_2 * (peak[k] - highest[k]));
        sum[k] *= carried[k];
      });
      group.each([&](int, int, int k, value& x) { x *= carried[k]; }, out);
      group.each(
          [&](int, int, int k, value& x) {
            x = Group::exp2(scale_2 * (x - highest[k]));
            sum[k] += x;
          },
          p);
      peak = highest;
      group.add_product(out, p, k_and_v.second(turn), at.channel);
    }
    group.across(sum, [](value a, value b) { return a + b; });
    if (at.channel == 0) {
      group.once_each_row([&](int r, int k) {
        if (r < at.rows) log_normaliser(at.begin + at.first + r, at.head) = scale * peak[k] + log(sum[k]);
      });
    }
    group.each_row([&](int, int k) { sum[k] = value(1) / sum[k]; });
    group.each([&](int, int, int k, value& x) { x *= sum[k]; }, out);
    flash_store(group, at, channels, out, rows_from(y, at.begin + at.first, of.query));
  }
};

/// What both halves of the backward pass look at and write.
template <class T>
struct flash_backward {
  using value = compute_t<T>;

  flash_tiles tiles;
  value scale;
  view<T const, 2> qkv, d_y;
  view<value const, 2> log_normaliser, share;
  view<T, 2> d_qkv;
};

/// d_q of some queries of a head: over the keys that they see.
template <class T>
struct flash_d_queries_each_tile : flash_backward<T> {
  using value = compute_t<T>;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t item) const {
    constexpr int columns = Group::columns;
    auto const& shape     = this->tiles.shape;
    auto const at         = this->tiles.at(group, item, true);
    if (at.rows <= 0) return;
    std::int64_t const channels = shape.head_channels, keys = at.first + at.rows, row = at.begin + at.first;
    flash_columns const of(shape, at.head);
    flash_turns<Group, T> const k_and_v{group, 2 * group.rows(), channels};
    auto const load = [&](std::int64_t j, int turn) {
      k_and_v.load(turn, rows_from(this->qkv, at.begin + j, of.key),
                   rows_from(this->qkv, at.begin + j, of.value), keys - j);
    };
    auto const q = group.tile(0), d_y = group.tile(group.rows());
    group.load(q, group.rows(), rows_from(this->qkv, row, of.query), at.rows, channels);
    group.load(d_y, group.rows(), rows_from(this->d_y, row, of.query), at.rows, channels);
    load(0, 0);

    value const to_2 = constant<value>(log2_of_e), scale_2 = to_2 * this->scale;
    typename Group::per_row normaliser, share;
    group.each_row([&](int r, int k) {
      bool const is_real = r < at.rows;
      normaliser[k]      = is_real ? to_2 * this->log_normaliser(row + r, at.head) : value(0);
      share[k]           = is_real ? this->share(row + r, at.head) : value(0);
    });
    typename Group::template held<Group::slice> d_q{};
    int turn = 0;
    for (std::int64_t j = 0; j < keys; j += columns, turn = 1 - turn) {
      group.arrive();
      if (j + columns < keys) load(j + columns, 1 - turn);
      int const before = static_cast<int>(at.first - j);
      if (before + group.last_row() < 0) continue;
      typename Group::template held<columns> p{}, d_s{};
      group.add_scores(p, q, k_and_v.first(turn));
      group.add_scores(d_s, d_y, k_and_v.second(turn));
      group.each(
          [&](int, int, int k, value& x, value& d) {
            x = Group::exp2(scale_2 * x - normaliser[k]);
            d = x * (d - share[k]);
          },
          p, d_s);
      if (before + group.first_row() < columns - 1) {
        group.each([&](int r, int c, int, value& d) { d = c > before + r ? value(0) : d; }, d_s);
      }
      group.add_product(d_q, d_s, k_and_v.first(turn), at.channel);
    }
    group.each([&](int, int, int, value& x) { x *= this->scale; }, d_q);
    flash_store(group, at, channels, d_q, rows_from(this->d_qkv, row, of.query));
  }
};

/// d_k and d_v of some keys of a head: over the queries that see them, of all heads that share it. Rows are keys here, and
/// columns queries, so that every product is one of those of the forward pass.
template <class T>
struct flash_d_keys_each_tile : flash_backward<T> {
  using value = compute_t<T>;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t item) const {
    constexpr int columns = Group::columns;
    auto const& shape     = this->tiles.shape;
    auto const at         = this->tiles.at(group, item, false);
    if (at.rows <= 0) return;
    std::int64_t const channels = shape.head_channels, row = at.begin + at.first;
    std::int64_t const of_a_head = (at.tokens - at.first + columns - 1) / columns;  // tiles of queries
    flash_columns const of(shape, at.head * shape.group());
    flash_turns<Group, T> const q_and_d_y{group, 2 * group.rows(), channels};
    auto const normalisers = reinterpret_cast<value*>(q_and_d_y.behind().data);  // [turns, 2, columns]
    value const to_2 = constant<value>(log2_of_e), scale_2 = to_2 * this->scale;
    auto const load = [&](std::int64_t step, int turn) {
      std::int64_t const head = at.head * shape.group() + step / of_a_head;
      std::int64_t const i = at.first + step % of_a_head * columns, left = at.tokens - i;
      auto const query = flash_columns(shape, head).query;
      q_and_d_y.load(turn, rows_from(this->qkv, at.begin + i, query),
                     rows_from(this->d_y, at.begin + i, query), left);
      group.spread(columns, [&](int c) {
        value* const to = normalisers + turn * 2 * columns + c;
        to[0]           = c < left ? to_2 * this->log_normaliser(at.begin + i + c, head) : value(0);
        to[columns]     = c < left ? this->share(at.begin + i + c, head) : value(0);
      });
    };
    auto const k = group.tile(0), v = group.tile(group.rows());
    group.load(k, group.rows(), rows_from(this->qkv, row, of.key), at.rows, channels);
    group.load(v, group.rows(), rows_from(this->qkv, row, of.value), at.rows, channels);
    load(0, 0);

    typename Group::template held<Group::slice> d_k{}, d_v{};
    int turn = 0;
    for (std::int64_t step = 0; step < of_a_head * shape.group(); ++step, turn = 1 - turn) {
      group.arrive();
      if (step + 1 < of_a_head * shape.group()) load(step + 1, 1 - turn);
      // Query c sees the tile's keys 0 .. after + c.
      int const after = static_cast<int>(step % of_a_head * columns);
      if (after + columns - 1 < group.first_row()) continue;
      value const* const normaliser = normalisers + turn * 2 * columns;
      typename Group::template held<columns> p{}, d_s{};
      group.add_scores(p, k, q_and_d_y.first(turn));
      group.add_scores(d_s, v, q_and_d_y.second(turn));
      group.each(
          [&](int, int c, int, value& x, value& d) {
            x = Group::exp2(scale_2 * x - normaliser[c]);
            d = x * (d - normaliser[columns + c]);
          },
          p, d_s);
      if (group.last_row() > after) {
        group.each(
            [&](int r, int c, int, value& x, value& d) {
              if (r > after + c) x = d = value(0);
            },
            p, d_s);
      }
      group.add_product(d_v, p, q_and_d_y.second(turn), at.channel);
      group.add_product(d_k, d_s, q_and_d_y.first(turn), at.channel);
    }
    group.each([&](int, int, int, value& x) { x *= this->scale; }, d_k);
    flash_store(group, at, channels, d_k, rows_from(this->d_qkv, row, of.key));
    flash_store(group, at, channels, d_v, rows_from(this->d_qkv, row, of.value));
  }
};

/// Dao et al. 2022, arXiv:2205.14135, algorithms 1 and 2, with the loops of Dao 2023, arXiv:2307.08691: a group of threads
/// keeps some rows, and goes through the columns tile by tile, the next one loaded meanwhile. No sum is shared by groups, so
/// that equal shapes give equal bits: the backward pass computes the scores twice, for d_q and for d_k and d_v.
///
/// primitive/attention.hpp's contract: rows take over where no sequence is longer than LongestByRows, and heads that are too
/// large for tiles. Memory beyond the arguments: [n, heads] for backward (operation_room.hpp). The backend has, beside for_rows,
///
///   for_tiles<T, Sizes>(n, plan, f)    f(group, r) for r = 0 .. n-1; group has the words of row/warp_tiles.hpp
///   most_warps                         of a group
template <class Backend, std::int64_t LongestByRows = 0>
struct flash_attention : attention_by_rows<Backend> {
  using rows = attention_by_rows<Backend>;

  template <class T>
  static void forward(Backend const& backend, attention_shape const& shape,
                      indices<Backend, std::int64_t> offsets, std::type_identity_t<view<T const, 2>> qkv,
                      view<T, 2> y, std::type_identity_t<view<compute_t<T>, 2>> log_normaliser) {
    if (!takes<T>(shape, offsets)) return rows::forward(backend, shape, offsets, qkv, y, log_normaliser);
    rows::template require_forward<T>(shape, offsets.host(), qkv, y, log_normaliser);
    forward_by_tiles(backend, shape, offsets, qkv, y, log_normaliser);
  }

  template <class T>
  static void backward(Backend const& backend, attention_shape const& shape,
                       indices<Backend, std::int64_t> offsets, std::type_identity_t<view<T const, 2>> qkv,
                       std::type_identity_t<view<T const, 2>> y,
                       std::type_identity_t<view<compute_t<T> const, 2>> log_normaliser,
                       std::type_identity_t<view<T const, 2>> d_y, view<T, 2> d_qkv) {
    if (!takes<T>(shape, offsets)) {
      return rows::backward(backend, shape, offsets, qkv, y, log_normaliser, d_y, d_qkv);
    }
    rows::template require_backward<T>(shape, offsets.host(), qkv, y, log_normaliser, d_y, d_qkv);
    backward_by_tiles(backend, shape, offsets, qkv, y, log_normaliser, d_y, d_qkv);
  }

  /// Whether a head's tiles find room: up to 256 channels always, but for double (192).
  template <class T>
  static bool fits(attention_shape const& shape) {
    return with_slice<T>(shape, [&](auto slice) {
      return forward_plan<T, slice>(shape, 1).fits() && d_queries_plan<T, slice>(shape, 1).fits() &&
             d_keys_plan<T, slice>(shape, 1).fits();
    });
  }

  // Arguments that have been looked at:

  template <class T>
  static void forward_by_tiles(Backend const& backend, attention_shape const& shape,
                               indices<Backend, std::int64_t> offsets,
                               std::type_identity_t<view<T const, 2>> qkv, view<T, 2> y,
                               std::type_identity_t<view<compute_t<T>, 2>> log_normaliser) {
    with_slice<T>(shape, [&](auto slice) {
      auto const plan = forward_plan<T, slice>(shape, backend.most_warps);
      run<T, forward_sizes<T, slice>>(
          backend, plan,
          flash_forward_each_tile<T>{tiles_of<slice>(shape, shape.heads, offsets, plan),
                                     rows::template scale_of<compute_t<T>>(shape), qkv, y, log_normaliser});
      return true;
    });
  }

  template <class T>
  static void backward_by_tiles(Backend const& backend, attention_shape const& shape,
                                indices<Backend, std::int64_t> offsets,
                                std::type_identity_t<view<T const, 2>> qkv,
                                std::type_identity_t<view<T const, 2>> y,
                                std::type_identity_t<view<compute_t<T> const, 2>> log_normaliser,
                                std::type_identity_t<view<T const, 2>> d_y, view<T, 2> d_qkv) {
    using value = compute_t<T>;
    auto room   = operation_room<value>(backend, qkv.rows() * shape.heads);
    view<value, 2> const share(room.data(), qkv.rows(), shape.heads);
    backend.template for_rows<value>(qkv.rows() * shape.heads, shape.head_channels,
                                     flash_share_each_row<T>{shape, y, d_y, share});
    with_slice<T>(shape, [&](auto slice) {
      auto const of = [&](std::int64_t heads, tile_plan const& plan) {
        return flash_backward<T>{tiles_of<slice>(shape, heads, offsets, plan),
                                 rows::template scale_of<value>(shape),
                                 qkv,
                                 d_y,
                                 log_normaliser,
                                 share,
                                 d_qkv};
      };
      auto const for_queries = d_queries_plan<T, slice>(shape, backend.most_warps),
                 for_keys    = d_keys_plan<T, slice>(shape, backend.most_warps);
      run<T, backward_sizes<T, slice>>(backend, for_queries,
                                       flash_d_queries_each_tile<T>{of(shape.heads, for_queries)});
      run<T, backward_sizes<T, slice>>(backend, for_keys,
                                       flash_d_keys_each_tile<T>{of(shape.kv_heads, for_keys)});
      return true;
    });
  }

 private:
  // As many sums as the 255 registers of a thread hold beside what else it needs; where they find room, two strips of rows
  // share a load of the right factor.
  template <class T>
  static constexpr bool is_half = std::is_same_v<T, bfloat16>;
  template <class T, int Slice>
  static constexpr int columns = is_half<T>                  ? 4096 / Slice
                                 : std::is_same_v<T, double> ? 8
                                                             : 16;
  template <class T, int Slice>
  using forward_sizes = tile_sizes<std::is_same_v<T, double> ? 1 : 2, columns<T, Slice>, Slice>;
  template <class T, int Slice>
  using backward_sizes = tile_sizes<1, columns<T, Slice>, Slice>;

  /// f(slice) with the channels that a group's sums have.
  template <class T, class F>
  static bool with_slice(attention_shape const& shape, F const& f) {
    if constexpr (is_half<T>) {
      if (shape.head_channels > 64) return f(std::integral_constant<int, 128>{});
    }
    return f(std::integral_constant<int, 64>{});
  }
  template <class T, int Slice>
  static tile_plan forward_plan(attention_shape const& shape, int most_warps) {
    return tile_plan::of<T, forward_sizes<T, Slice>>(shape.head_channels, most_warps, 1, 4, 0);
  }
  template <class T, int Slice>
  static tile_plan d_queries_plan(attention_shape const& shape, int most_warps) {
    return tile_plan::of<T, backward_sizes<T, Slice>>(shape.head_channels, most_warps, 2, 4, 0);
  }
  template <class T, int Slice>
  static tile_plan d_keys_plan(attention_shape const& shape, int most_warps) {
    return tile_plan::of<T, backward_sizes<T, Slice>>(shape.head_channels, most_warps, 2, 4, 4);
  }

  template <class T>
  static bool takes(attention_shape const& shape, indices<Backend, std::int64_t> const& offsets) {
    return rows::longest_of(offsets.host()) > LongestByRows && fits<T>(shape);
  }
  template <int Slice>
  static flash_tiles tiles_of(attention_shape const& shape, std::int64_t heads,
                              indices<Backend, std::int64_t> const& offsets, tile_plan const& plan) {
    return {shape,
            offsets.there(),
            offsets.host().size() - 1,
            heads,
            (shape.head_channels + Slice - 1) / Slice,
            (rows::longest_of(offsets.host()) + plan.rows - 1) / plan.rows};
  }
  template <class T, class Sizes, class F>
  static void run(Backend const& backend, tile_plan const& plan, F const& f) {
    backend.template for_tiles<T, Sizes>(f.tiles.count(), plan, f);
  }
};

}  // namespace poft::primitive
