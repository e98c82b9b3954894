// What a transformer's forward pass leaves for its backward pass, and what both need beside it: views into one arena; and the
// little that a forward pass needs when none follows.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "poft/core/view.hpp"
#include "poft/model/config.hpp"
#include "poft/row/layer_norm.hpp"
#include "poft/row/row.hpp"

namespace poft {

/// The output of a norm, and of each row what its derivative needs: the moments of a layer norm, the inverse root mean
/// square of an RMS norm; the other is empty.
template <class T>
struct norm_activations {
  view<T, 2> y;                             // [tokens, channels]
  view<row_moments<compute_t<T>>> moments;  // [tokens]
  view<compute_t<T>> inverse_rms;           // [tokens]

  norm_activations rows(std::ptrdiff_t first, std::ptrdiff_t count) const {
    return {y.subview(first, count), moments.empty() ? moments : moments.subview(first, count),
            inverse_rms.empty() ? inverse_rms : inverse_rms.subview(first, count)};
  }
};

template <class T>
struct block_activations {
  view<T, 2> x;                        // [tokens, channels]  what the block is given
  norm_activations<T> attention_norm;  // [tokens, channels]
  view<T, 2> qkv;       // [tokens, query + 2 key-value channels], turned where positions are rotary
  view<T, 2> attended;  // [tokens, query channels]
  view<compute_t<T>, 2> log_normaliser;  // [tokens, heads]
  view<T, 2> middle;                     // [tokens, channels]  after the attention
  norm_activations<T> mlp_norm;          // [tokens, channels]
  view<T, 2> up;                         // [tokens, hidden]; SwiGLU: [tokens, 2 hidden]
  view<T, 2> activated;                  // [tokens, hidden]

  block_activations rows(std::ptrdiff_t first, std::ptrdiff_t count) const {
    auto const cut = [&](auto const& whole) { return whole.subview(first, count); };
    return {cut(x),      attention_norm.rows(first, count), cut(qkv), cut(attended), cut(log_normaliser),
            cut(middle), mlp_norm.rows(first, count),       cut(up),  cut(activated)};
  }
};

/// Memory that a piece of the batch uses again for every chunk and every block.
template <class T>
struct transformer_scratch {
  view<T, 2> d_x;          // [tokens, channels]  dL/d of the residual stream, going down
  view<T, 2> branch;       // [tokens, channels]  what is added to the stream, or its derivative
  view<T, 2> d_attended;   // [tokens, query channels]
  view<T, 2> d_qkv;        // [tokens, query + 2 key-value channels]
  view<T, 2> d_activated;  // [tokens, hidden]
  view<T, 2> d_up;         // [tokens, hidden or 2 hidden]

  transformer_scratch rows(std::ptrdiff_t count) const {
    auto const cut = [&](view<T, 2> whole) { return whole.subview(0, count); };
    return {cut(d_x), cut(branch), cut(d_attended), cut(d_qkv), cut(d_activated), cut(d_up)};
  }
};

enum class kept_activations {
  all,        // a backward pass follows
  one_block,  // none does: every block uses the same memory
};

/// With base = nullptr only the sizes have a meaning.
template <class T>
struct transformer_activations {
  std::vector<block_activations<T>> blocks;  // [layers]; of one block [pieces], a chunk's tokens in each
  view<T, 2> x;                   // [tokens, channels]  what the last block puts out; of one block empty
  norm_activations<T> last_norm;  // its y are the hidden states
  std::vector<transformer_scratch<T>> scratch;                     // [pieces]; of one block none
  std::ptrdiff_t size = 0, statistics_size = 0, moments_size = 0;  // elements of the three buffers

  transformer_activations() = default;
  transformer_activations(transformer_config const& config, kept_activations kept, std::ptrdiff_t tokens,
                          std::ptrdiff_t pieces, std::ptrdiff_t largest_chunk, T* base,
                          compute_t<T>* statistics_base, row_moments<compute_t<T>>* moments_base) {
    // Every matrix starts a cache line, as the buffers do.
    auto const take = []<class U>(U* base, std::ptrdiff_t& size, std::ptrdiff_t rows,
                                  std::ptrdiff_t columns) {
      constexpr std::ptrdiff_t line = 64 / static_cast<std::ptrdiff_t>(sizeof(U));
      U* const here                 = base ? base + size : nullptr;
      size += (rows * columns + line - 1) / line * line;
      return view<U, 2>(here, rows, columns);
    };
    auto const matrix = [&](std::ptrdiff_t rows, std::ptrdiff_t columns) {
      return take(base, size, rows, columns);
    };
    auto const statistics = [&](std::ptrdiff_t rows, std::ptrdiff_t columns) {
      return take(statistics_base, statistics_size, rows, columns);
    };
    auto const norm = [&](std::ptrdiff_t rows) {
      norm_activations<T> out{matrix(rows, config.channels), {}, {}};
      if (config.norm == norm_kind::layer) {
        out.moments = {moments_base ? moments_base + moments_size : nullptr, rows};
        moments_size += rows;
      } else {
        out.inverse_rms = {statistics(1, rows).data(), rows};
      }
      return out;
    };
    last_norm = norm(tokens);
    if (kept == kept_activations::one_block) {
      blocks.resize(static_cast<std::size_t>(pieces));
      for (auto& block : blocks) {
        auto const rows      = largest_chunk;
        block.x              = matrix(rows, config.channels);
        block.middle         = block.x;
        block.attention_norm = norm(rows);
        block.mlp_norm       = block.attention_norm;
        // What the attention has made is used up before the MLP begins.
        T* const first       = matrix(rows, std::max(config.qkv_channels(), config.up_channels())).data();
        T* const second      = matrix(rows, std::max(config.query_channels(), config.hidden)).data();
        block.qkv            = {first, rows, config.qkv_channels()};
        block.up             = {first, rows, config.up_channels()};
        block.attended       = {second, rows, config.query_channels()};
        block.activated      = {second, rows, config.hidden};
        block.log_normaliser = statistics(rows, config.heads);
      }
      return;
    }
    blocks.resize(static_cast<std::size_t>(config.layers));
    for (auto& block : blocks) {
      block.x              = matrix(tokens, config.channels);
      block.attention_norm = norm(tokens);
      block.qkv            = matrix(tokens, config.qkv_channels());
      block.attended       = matrix(tokens, config.query_channels());
      block.log_normaliser = statistics(tokens, config.heads);
      block.middle         = matrix(tokens, config.channels);
      block.mlp_norm       = norm(tokens);
      block.up             = matrix(tokens, config.up_channels());
      block.activated      = matrix(tokens, config.hidden);
    }
    x = matrix(tokens, config.channels);
    scratch.resize(static_cast<std::size_t>(pieces));
    for (auto& of_piece : scratch) {
      of_piece.d_x         = matrix(largest_chunk, config.channels);
      of_piece.branch      = matrix(largest_chunk, config.channels);
      of_piece.d_attended  = matrix(largest_chunk, config.query_channels());
      of_piece.d_qkv       = matrix(largest_chunk, config.qkv_channels());
      of_piece.d_activated = matrix(largest_chunk, config.hidden);
      of_piece.d_up        = matrix(largest_chunk, config.up_channels());
    }
  }
};

}  // namespace poft
