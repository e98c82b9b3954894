// Causal attention over ragged batches, and over a cache of keys and values: contract, and the default made of rows.
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
#include "poft/primitive/rounded.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/row/attention.hpp"
#include "poft/row/row.hpp"

namespace poft::primitive {

/// Heads of the queries; heads of keys and values, each shared by heads / kv_heads neighbouring query heads
/// (Ainslie et al. 2023, arXiv:2305.13245); channels of either.
struct attention_shape {
  std::ptrdiff_t heads, kv_heads, head_channels;

  POFT_FN constexpr std::ptrdiff_t query_channels() const { return heads * head_channels; }
  POFT_FN constexpr std::ptrdiff_t kv_channels() const { return kv_heads * head_channels; }
  /// Columns of the fused projection: queries, keys, values in that order.
  POFT_FN constexpr std::ptrdiff_t qkv_channels() const { return query_channels() + 2 * kv_channels(); }
  POFT_FN constexpr std::ptrdiff_t group() const { return heads / kv_heads; }
};

/// Keys and values of the sequences that are being generated: of sequence s, those of its position p are row first[s]
/// + p of both matrices [.., kv_channels]. The rows of different sequences may lie anywhere, so that sequences can be
/// left out of a step without moving anything.
template <class Backend, class T>
struct attention_cache {
  view<T const, 2> keys, values;
  indices<Backend, std::int64_t> first;  // [sequences]
};

/// The rows of a matrix from one of its elements on.
template <class T>
POFT_FN row_block<T> rows_from(view<T, 2> matrix, std::int64_t r, std::int64_t c) {
  return {matrix.data() + r * matrix.row_stride() + c, matrix.row_stride()};
}

/// One head and at most queries_at_once tokens of one sequence.
template <class T>
struct attention_each_piece {
  attention_shape shape;
  compute_t<T> scale;
  std::int64_t most_pieces;  // of the longest sequence
  row<std::int64_t const> offsets;
  view<T const, 2> qkv;
  view<compute_t<T>, 2> y, log_normaliser;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t item) const {
    std::int64_t const head = item / most_pieces % shape.heads, s = item / most_pieces / shape.heads;
    std::int64_t const begin = offsets.data[s], tokens = offsets.data[s + 1] - begin;
    std::int64_t const pieces = (tokens + queries_at_once - 1) / queries_at_once;
    std::int64_t const turn   = item % most_pieces;
    if (turn >= pieces) return;
    // A long sequence's first and last pieces alternate: neighbours have the same work together.
    std::int64_t const before  = queries_at_once * (turn % 2 == 0 ? turn / 2 : pieces - 1 - turn / 2);
    std::int64_t const queries = tokens - before < queries_at_once ? tokens - before : queries_at_once;
    std::int64_t const key     = shape.query_channels() + head / shape.group() * shape.head_channels,
                       query   = head * shape.head_channels;
    attend(group,
           attention_piece<T>{queries, before + queries, before, shape.head_channels, scale,
                              rows_from(qkv, begin + before, query), rows_from(qkv, begin, key),
                              rows_from(qkv, begin, key + shape.kv_channels())},
           rows_from(y, begin + before, query), rows_from(log_normaliser, begin + before, head));
  }
};

/// One head of the keys and values of one sequence, with all query heads that share it.
template <class T>
struct attention_backward_each_head {
  attention_shape shape;
  compute_t<T> scale;
  row<std::int64_t const> offsets;
  view<T const, 2> qkv, y, d_y;
  view<compute_t<T> const, 2> log_normaliser;
  view<compute_t<T>, 2> d_qkv;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t item) const {
    std::int64_t const kv_head = item % shape.kv_heads, s = item / shape.kv_heads;
    std::int64_t const begin = offsets.data[s], tokens = offsets.data[s + 1] - begin;
    if (tokens == 0) return;
    std::int64_t const key   = shape.query_channels() + kv_head * shape.head_channels;
    std::int64_t const value = key + shape.kv_channels();
    for (std::int64_t k = 0; k < shape.group(); ++k) {
      std::int64_t const head = kv_head * shape.group() + k, query = head * shape.head_channels;
      // Backwards: the last queries see all keys, so the first head's overwrite d_k and d_v and the rest adds.
      std::int64_t before = (tokens - 1) / queries_at_once * queries_at_once;
      for (bool onto = k > 0; before >= 0; before -= queries_at_once, onto = true) {
        std::int64_t const left = tokens - before, from = begin + before;
        std::int64_t const queries = left < queries_at_once ? left : queries_at_once;
        attend_backward(group,
                        attention_piece<T>{queries, before + queries, before, shape.head_channels, scale,
                                           rows_from(qkv, from, query), rows_from(qkv, begin, key),
                                           rows_from(qkv, begin, value)},
                        rows_from(y, from, query), rows_from(log_normaliser, from, head),
                        rows_from(d_y, from, query), rows_from(d_qkv, from, query),
                        rows_from(d_qkv, begin, key), rows_from(d_qkv, begin, value), onto);
      }
    }
  }
};

/// One sequence and one head of its cache: the queries of the heads that share it are rows of one piece.
template <class T>
struct attention_decode_each_head {
  attention_shape shape;
  compute_t<T> scale;
  row<std::int64_t const> lengths, first;
  view<T const, 2> q, keys, values;
  view<compute_t<T>, 2> y;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t item) const {
    std::int64_t const s = item / shape.kv_heads, kv_head = item % shape.kv_heads;
    std::int64_t const channels = shape.head_channels, length = lengths.data[s];
    compute_t<T> ignored[queries_at_once];
    for (std::int64_t k = 0; k < shape.group(); k += queries_at_once) {
      std::int64_t const left = shape.group() - k, query = (kv_head * shape.group() + k) * channels;
      attend(group,
             attention_piece<T>{left < queries_at_once ? left : queries_at_once, length, length - 1, channels,
                                scale, row_block<T const>{&q(s, query), channels},
                                rows_from(keys, first.data[s], kv_head * channels),
                                rows_from(values, first.data[s], kv_head * channels)},
             row_block<compute_t<T>>{&y(s, query), channels}, row_block<compute_t<T>>{ignored, 1});
    }
  }
};

/// With n tokens in all; token i of a sequence sees the tokens j <= i of the same sequence; head h of the queries
/// goes with head h / group of keys and values:
///
///   p_ij = exp(q_i k_j / sqrt(head_channels) - log_normaliser_i),  sum_j p_ij = 1        y_i = sum_j p_ij v_j
///
///   qkv [n, query_channels + 2 kv_channels], y [n, query_channels], log_normaliser [n, heads] of the compute type
///
///   forward    y, log_normaliser       overwritten
///   backward   d_qkv                   overwritten
///   decode     y [sequences, query_channels] of one query q [sequences, query_channels] for each sequence, which
///              sees the keys 0 .. lengths[s] - 1 of its cache; overwritten
///
/// No output overlaps an input. The host reads offsets [sequences + 1], lengths and the cache's first [sequences].
/// Rows may be strided. Memory beyond the arguments: some pages on each thread's stack, whatever the length; for
/// bfloat16 the results once more in float.
template <class Backend>
struct attention_by_rows {
  template <class T>
  static void forward(Backend const& backend, attention_shape const& shape,
                      indices<Backend, std::int64_t> offsets, std::type_identity_t<view<T const, 2>> qkv,
                      view<T, 2> y, view<compute_t<T>, 2> log_normaliser) {
    require_forward(shape, offsets.host(), qkv, y, log_normaliser);
    std::int64_t const longest = longest_of(offsets.host());
    std::int64_t const pieces  = std::max<std::int64_t>(1, (longest + queries_at_once - 1) / queries_at_once);
    rounded(backend, y, [&](view<compute_t<T>, 2> to) {
      backend.template for_rows<compute_t<T>>(
          (offsets.host().size() - 1) * shape.heads * pieces, width_of(shape, 2 * longest),
          attention_each_piece<T>{shape, scale_of<T>(shape), pieces, offsets.there(), qkv, to,
                                  log_normaliser});
    });
  }

  template <class T>
  static void backward(Backend const& backend, attention_shape const& shape,
                       indices<Backend, std::int64_t> offsets, std::type_identity_t<view<T const, 2>> qkv,
                       std::type_identity_t<view<T const, 2>> y, view<compute_t<T> const, 2> log_normaliser,
                       std::type_identity_t<view<T const, 2>> d_y, view<T, 2> d_qkv) {
    require_backward(shape, offsets.host(), qkv, y, log_normaliser, d_y, d_qkv);
    std::int64_t const longest = longest_of(offsets.host());
    rounded(backend, d_qkv, [&](view<compute_t<T>, 2> to) {
      backend.template for_rows<compute_t<T>>(
          (offsets.host().size() - 1) * shape.kv_heads, width_of(shape, 4 * longest * shape.group()),
          attention_backward_each_head<T>{shape, scale_of<T>(shape), offsets.there(), qkv, y, d_y,
                                          log_normaliser, to});
    });
  }

  template <class T>
  static void decode(Backend const& backend, attention_shape const& shape,
                     indices<Backend, std::int64_t> lengths, std::type_identity_t<view<T const, 2>> q,
                     std::type_identity_t<attention_cache<Backend, T>> const& cache, view<T, 2> y) {
    char const* const operation = "attention decode";
    require_heads(operation, shape);
    std::ptrdiff_t const sequences = lengths.host().size(), rows = cache.keys.rows();
    require_shape(operation, "q", q, sequences, shape.query_channels());
    require_shape(operation, "keys", cache.keys, rows, shape.kv_channels());
    require_shape(operation, "values", cache.values, rows, shape.kv_channels());
    require_shape(operation, "first", cache.first.host(), sequences);
    require_shape(operation, "y", y, sequences, shape.query_channels());
    std::int64_t longest = 1;
    for (std::ptrdiff_t s = 0; s < sequences; ++s) {
      std::int64_t const first = cache.first.host()[s], length = lengths.host()[s];
      if (first < 0 || length < 1 || first > rows || length > rows - first) {
        throw value_error(message(operation, ": sequence ", s, " has ", length, " rows from row ", first,
                                  " on, expected at least 1 of the ", rows, " rows of the cache"));
      }
      longest = std::max(longest, length);
    }
    rounded(backend, y, [&](view<compute_t<T>, 2> to) {
      backend.template for_rows<compute_t<T>>(
          sequences * shape.kv_heads, width_of(shape, 2 * longest),
          attention_decode_each_head<T>{shape, scale_of<T>(shape), lengths.there(), cache.first.there(), q,
                                        cache.keys, cache.values, to});
    });
  }

 protected:
  template <class T>
  static compute_t<T> scale_of(attention_shape const& shape) {
    return static_cast<compute_t<T>>(1 / std::sqrt(static_cast<double>(shape.head_channels)));
  }
  static std::int64_t longest_of(view<std::int64_t const> offsets) {
    std::int64_t longest = 1;
    for (std::ptrdiff_t s = 1; s < offsets.size(); ++s) {
      longest = std::max(longest, offsets[s] - offsets[s - 1]);
    }
    return longest;
  }
  template <class T>
  static void require_forward(attention_shape const& shape, view<std::int64_t const> offsets,
                              view<T const, 2> qkv, view<T, 2> y, view<compute_t<T>, 2> log_normaliser) {
    char const* const operation = "attention forward";
    require_ragged(operation, shape, offsets, qkv);
    require_shape(operation, "y", y, qkv.rows(), shape.query_channels());
    require_shape(operation, "log_normaliser", log_normaliser, qkv.rows(), shape.heads);
  }
  template <class T>
  static void require_backward(attention_shape const& shape, view<std::int64_t const> offsets,
                               view<T const, 2> qkv, view<T const, 2> y,
                               view<compute_t<T> const, 2> log_normaliser, view<T const, 2> d_y,
                               view<T, 2> d_qkv) {
    char const* const operation = "attention backward";
    require_ragged(operation, shape, offsets, qkv);
    require_shape(operation, "y", y, qkv.rows(), shape.query_channels());
    require_shape(operation, "log_normaliser", log_normaliser, qkv.rows(), shape.heads);
    require_shape(operation, "d_y", d_y, qkv.rows(), shape.query_channels());
    require_shape(operation, "d_qkv", d_qkv, qkv.rows(), qkv.columns());
  }

 private:
  /// What a row functor looks at: `rows` of a head's channels where a thread goes through them, one where many do, each with
  /// channels of its own.
  static std::int64_t width_of(attention_shape const& shape, std::int64_t rows) {
    return works_in_host_memory<Backend> ? rows * shape.head_channels : shape.head_channels;
  }
  static void require_heads(char const* operation, attention_shape const& shape) {
    if (shape.heads < 1 || shape.kv_heads < 1 || shape.head_channels < 1 ||
        shape.heads % shape.kv_heads != 0) {
      throw shape_error(message(operation, ": ", shape.heads, " heads, ", shape.kv_heads,
                                " heads of keys and values, ", shape.head_channels,
                                " channels in each; expected at least 1 each, heads a multiple of kv_heads"));
    }
  }
  template <class T>
  static void require_ragged(char const* operation, attention_shape const& shape,
                             view<std::int64_t const> offsets, view<T const, 2> qkv) {
    require_heads(operation, shape);
    require_shape(operation, "qkv", qkv, qkv.rows(), shape.qkv_channels());
    require_offsets(operation, offsets, qkv.rows());
  }
};

template <class Backend>
struct attention : attention_by_rows<Backend> {};

}  // namespace poft::primitive
