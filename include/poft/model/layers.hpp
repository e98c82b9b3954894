// The parts of a transformer's forward pass that training and generation share: embedding, norm, block.
// SPDX-License-Identifier: MIT
//
// They differ in what a token attends to, its own batch or a cache of keys and values, and in dropout: a block is given
// both as callables. Parameters are those of the first of `all` networks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "poft/core/view.hpp"
#include "poft/model/activations.hpp"
#include "poft/model/config.hpp"
#include "poft/model/parameters.hpp"
#include "poft/primitive/attention.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/primitive/embedding.hpp"
#include "poft/primitive/gelu.hpp"
#include "poft/primitive/layer_norm.hpp"
#include "poft/primitive/linear.hpp"
#include "poft/primitive/networks.hpp"
#include "poft/primitive/rms_norm.hpp"
#include "poft/primitive/rotary.hpp"
#include "poft/primitive/swiglu.hpp"

namespace poft {

// n is the number of tokens that go through together.

inline primitive::attention_shape attention_shape_of(transformer_config const& config) {
  return {config.heads, config.kv_heads, config.head_channels};
}

/// The first columns of qkv [n, query + 2 key-value channels]: what rotary positions turn.
template <class T>
view<T, 2> queries_and_keys(transformer_config const& config, view<T, 2> qkv) {
  return {qkv.data(), qkv.rows(), config.query_channels() + config.kv_channels(), qkv.row_stride()};
}

/// x [n, channels] is overwritten.
template <class Backend, class T>
void embed(Backend const& backend, transformer_config const& config, transformer_slices<T> const& p,
           networks const& all, indices<Backend, std::int32_t> tokens,
           indices<Backend, std::int32_t> positions, view<T, 2> x) {
  using embedding = primitive::embedding<Backend>;
  embedding::forward(backend, tokens, p.token_embedding, x, all);
  if (config.position == position_kind::learned) {
    embedding::forward_onto(backend, positions, p.position_embedding, x, all);
  }
}

/// x [n, channels] -> a.y [n, channels]
template <class Backend, class T>
void normalise(Backend const& backend, transformer_config const& config, norm_slices<T> const& p,
               networks const& all, view<T, 2> x, norm_activations<T> const& a) {
  config.norm == norm_kind::layer ? primitive::layer_norm<Backend>::forward(
                                        backend, x, p.gain, p.bias, config.norm_epsilon, a.y, a.moments, all)
                                  : primitive::rms_norm<Backend>::forward(
                                        backend, x, p.gain, config.norm_epsilon, a.y, a.inverse_rms, all);
}

/// a.x [n, channels] -> y [n, channels], which may be a.x.
///
///   attend()                            a.qkv, turned where positions are rotary -> a.attended [n, query channels]
///   add_branch(which, input, p, x, y)   y = x + input W^T + bias [n, channels], with dropout in between; which: 0
///                                       after the attention, 1 after the MLP
template <class Backend, class T, class Attend, class AddBranch>
void forward_block(Backend const& backend, transformer_config const& config, block_slices<T> const& p,
                   networks const& all, indices<Backend, std::int32_t> positions,
                   block_activations<T> const& a, view<T, 2> y, Attend const& attend,
                   AddBranch const& add_branch) {
  using linear = primitive::linear<Backend>;
  normalise(backend, config, p.attention_norm, all, a.x, a.attention_norm);  // [n, channels]
  linear::forward(backend, a.attention_norm.y, p.qkv.weight, p.qkv.bias, a.qkv,
                  all);  // [n, query + 2 key-value channels]
  if (config.position == position_kind::rotary) {
    primitive::rotary<Backend>::forward(backend, positions, config.head_channels, config.rotary_base,
                                        queries_and_keys(config, a.qkv));
  }
  attend();                                                // [n, query channels]
  add_branch(0, a.attended, p.projection, a.x, a.middle);  // [n, channels]

  normalise(backend, config, p.mlp_norm, all, a.middle, a.mlp_norm);          // [n, channels]
  linear::forward(backend, a.mlp_norm.y, p.up.weight, p.up.bias, a.up, all);  // [n, hidden or 2 hidden]
  config.mlp == mlp_kind::gelu                                                // [n, hidden]
      ? primitive::gelu<Backend>::forward(backend, a.up, a.activated)
      : primitive::swiglu<Backend>::forward(backend, a.up, a.activated);
  add_branch(1, a.activated, p.down, a.middle, y);  // [n, channels]
}

}  // namespace poft
