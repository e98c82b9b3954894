// Causal attention made of matrix products, for long sequences on backends whose products are faster than their rows.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/attention.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/primitive/gemm.hpp"
#include "poft/row/row.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::primitive {

/// Some queries of a sequence: row head * queries + i of the scores is that of query before + i, which sees as many keys and
/// its own.
struct attention_queries {
  std::int64_t first;    // row of qkv, y and log_normaliser, of the first query
  std::int64_t before;   // keys before it
  std::int64_t queries;  // of each head
  std::int64_t keys;     // before + queries
  bool is_last;          // the last ones of their sequence: they see all its keys

  POFT_FN std::int64_t head(std::int64_t r) const { return r / queries; }
  POFT_FN std::int64_t row(std::int64_t r) const { return first + r % queries; }
  POFT_FN std::int64_t seen(std::int64_t r) const { return before + r % queries + 1; }
};

/// scale q k -> probabilities, 0 for the keys that are not seen, and their log-normaliser.
template <class T>
struct attention_softmax_each_row {
  attention_queries at;
  T* scores;                  // [heads queries, keys]
  view<T, 2> log_normaliser;  // [n, heads]

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    std::int64_t const seen = at.seen(r), zero = 0;
    row<T> const p{scores + r * at.keys};
    T const peak  = group.max(zero, seen, [=](auto j) { return p[j]; });
    T const total = group.sum(zero, seen, [=](auto j) { return exp(p[j] - decltype(p[j])(peak)); });
    T const share = T(1) / total;
    group.each(zero, seen, [=](auto j) {
      using S = decltype(p[j]);
      p.set(j, exp(p[j] - S(peak)) * S(share));
    });
    group.each(seen, at.keys, [=](auto j) { p.set(j, decltype(p[j])(T(0))); });
    group.once([&] { log_normaliser(at.row(r), at.head(r)) = peak + log(total); });
  }
};

/// scale q k -> probabilities p; d_p = d_y v -> d_s = scale p (d_p - d_y y).
template <class T>
struct attention_d_scores_each_row {
  attention_queries at;
  std::int64_t channels;
  T scale;
  T *scores, *d_scores;             // [heads queries, keys]
  view<T const, 2> log_normaliser;  // [n, heads]
  view<T const, 2> y, d_y;          // [n, heads channels]

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    std::int64_t const seen = at.seen(r), zero = 0, head = at.head(r);
    row<T> const p{scores + r * at.keys}, d{d_scores + r * at.keys};
    row<T const> const out{&y(at.row(r), head * channels)}, d_out{&d_y(at.row(r), head * channels)};
    T const normaliser = log_normaliser(at.row(r), head), factor = scale;
    T const share = group.sum(zero, channels, [=](auto c) { return d_out[c] * out[c]; });
    group.each(zero, seen, [=](auto j) {
      using S           = decltype(p[j]);
      S const its_share = exp(p[j] - S(normaliser));
      p.set(j, its_share);
      d.set(j, S(factor) * its_share * (d[j] - S(share)));
    });
    group.each(seen, at.keys, [=](auto j) {
      p.set(j, decltype(p[j])(T(0)));
      d.set(j, decltype(d[j])(T(0)));
    });
  }
};

/// forward and backward of primitive/attention.hpp's contract, whose arguments have been looked at. `room` is memory for the
/// scores of some queries of all heads, of as many as it holds: heads tokens elements for each, twice that for backward.
template <class Backend>
struct attention_by_products {
  /// Elements of room that do for `longest` tokens, of which memory does not grow with the square.
  static std::int64_t room_for(attention_shape const& shape, std::int64_t longest) {
    constexpr std::int64_t enough = std::int64_t{1} << 25;
    std::int64_t const of_a_query = 2 * shape.heads * longest;
    return of_a_query * std::clamp<std::int64_t>(enough / of_a_query, 1, longest);
  }

  template <class T>
  static void forward(Backend const& backend, attention_shape const& shape, view<std::int64_t const> offsets,
                      T scale, std::type_identity_t<view<T const, 2>> qkv, view<T, 2> y,
                      std::type_identity_t<view<T, 2>> log_normaliser, view<T> room) {
    for_queries(offsets, room.size() / shape.heads, [&](attention_queries const& at) {
      parts<T const> const in(shape, at, qkv);
      for (std::int64_t k = 0; k < shape.group(); ++k) {
        scores(backend, shape, at, k, scale, in.q(k), in.k, room.data());
      }
      backend.template for_rows<T>(shape.heads * at.queries, at.keys,
                                   attention_softmax_each_row<T>{at, room.data(), log_normaliser});
      for (std::int64_t k = 0; k < shape.group(); ++k) {
        backend.gemm({.count    = shape.kv_heads,
                      .stride_a = shape.group() * at.queries * at.keys,
                      .stride_b = shape.head_channels,
                      .stride_c = shape.group() * shape.head_channels},
                     scores_of_head<T const>(at, k, room.data()), in.v, queries_of_head(shape, at, k, y));
      }
    });
  }

  template <class T>
  static void backward(Backend const& backend, attention_shape const& shape, view<std::int64_t const> offsets,
                       T scale, std::type_identity_t<view<T const, 2>> qkv,
                       std::type_identity_t<view<T const, 2>> y,
                       std::type_identity_t<view<T const, 2>> log_normaliser,
                       std::type_identity_t<view<T const, 2>> d_y, view<T, 2> d_qkv, view<T> room) {
    T* const p = room.data();
    for_queries(offsets, room.size() / (2 * shape.heads), [&](attention_queries const& at) {
      T* const d_s = p + shape.heads * at.queries * at.keys;
      parts<T const> const in(shape, at, qkv);
      parts<T> const d(shape, at, d_qkv);
      std::int64_t const stride = shape.group() * at.queries * at.keys, channels = shape.head_channels;
      for (std::int64_t k = 0; k < shape.group(); ++k) {
        scores(backend, shape, at, k, scale, in.q(k), in.k, p);
        scores(backend, shape, at, k, T(1), queries_of_head(shape, at, k, d_y), in.v, d_s);
      }
      backend.template for_rows<T>(
          shape.heads * at.queries, at.keys,
          attention_d_scores_each_row<T>{at, channels, scale, p, d_s, log_normaliser, y, d_y});
      for (std::int64_t k = 0; k < shape.group(); ++k) {
        auto const d_scores = scores_of_head<T const>(at, k, d_s);
        // The last queries see all keys: their first head overwrites d_k and d_v, and the rest adds.
        bool const is_first = at.is_last && k == 0;
        backend.gemm({.count    = shape.kv_heads,
                      .stride_a = stride,
                      .stride_b = channels,
                      .stride_c = shape.group() * channels},
                     d_scores, in.k, d.q(k));
        gemm_options const to_keys{.transpose_a = true,
                                              .beta        = is_first ? 0.0 : 1.0,
                                              .count       = shape.kv_heads,
                                              .stride_a    = stride,
                                              .stride_b    = shape.group() * channels,
                                              .stride_c    = channels};
        backend.gemm(to_keys, d_scores, in.q(k), d.k);
        backend.gemm(to_keys, scores_of_head<T const>(at, k, p), queries_of_head(shape, at, k, d_y), d.v);
      }
    });
  }

 private:
  /// f(attention_queries) for all of them, those of a sequence backwards, with at most so many scores of a head at once.
  template <class F>
  static void for_queries(view<std::int64_t const> offsets, std::int64_t most_scores, F const& f) {
    for (std::ptrdiff_t s = 0; s + 1 < offsets.size(); ++s) {
      std::int64_t const begin = offsets[s], tokens = offsets[s + 1] - begin;
      if (tokens == 0) continue;
      std::int64_t const most = std::clamp<std::int64_t>(most_scores / tokens, 1, tokens);
      for (std::int64_t before = (tokens - 1) / most * most; before >= 0; before -= most) {
        std::int64_t const keys = std::min(tokens, before + most);
        f(attention_queries{begin + before, before, keys - before, keys, keys == tokens});
      }
    }
  }

  // Matrices of the first head of keys and values, or of the k-th query head that shares it; those of the others lie as far
  // apart as the strides of the products say.

  template <class T>
  static view<T, 2> columns_of(view<T, 2> matrix, std::int64_t first, std::int64_t rows, std::int64_t column,
                               attention_shape const& shape) {
    return {&matrix(first, column), rows, shape.head_channels, matrix.row_stride()};
  }
  /// [queries, channels] of q, y or their derivatives
  template <class T>
  static view<T, 2> queries_of_head(attention_shape const& shape, attention_queries const& at, std::int64_t k,
                                    view<T, 2> matrix) {
    return columns_of(matrix, at.first, at.queries, k * shape.head_channels, shape);
  }
  /// [queries, keys]
  template <class T>
  static view<T, 2> scores_of_head(attention_queries const& at, std::int64_t k, T* scores) {
    return {scores + k * at.queries * at.keys, at.queries, at.keys};
  }
  /// [keys, channels] of k and v, and the queries, of qkv or d_qkv
  template <class T>
  struct parts {
    attention_shape shape;
    attention_queries at;
    view<T, 2> qkv, k, v;

    parts(attention_shape const& of, attention_queries const& those, view<T, 2> matrix)
        : shape(of),
          at(those),
          qkv(matrix),
          k(columns_of(matrix, at.first - at.before, at.keys, shape.query_channels(), shape)),
          v(columns_of(matrix, at.first - at.before, at.keys, shape.query_channels() + shape.kv_channels(),
                       shape)) {}
    view<T, 2> q(std::int64_t head) const { return queries_of_head(shape, at, head, qkv); }
  };

  /// scale a b^T [queries, keys] of the k-th query head of each head of keys and values.
  template <class T>
  static void scores(Backend const& backend, attention_shape const& shape, attention_queries const& at,
                     std::int64_t k, T scale, view<T const, 2> a, view<T const, 2> b, T* to) {
    backend.gemm({.transpose_b = true,
                  .alpha       = static_cast<double>(scale),
                  .count       = shape.kv_heads,
                  .stride_a    = shape.group() * shape.head_channels,
                  .stride_b    = shape.head_channels,
                  .stride_c    = shape.group() * at.queries * at.keys},
                 a, b, scores_of_head(at, k, to));
  }
};

}  // namespace poft::primitive
