// Attention on a GPU: by rows for short sequences, by matrix products for long ones.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "poft/backend/cuda/backend.cuh"
#include "poft/core/view.hpp"
#include "poft/primitive/attention.hpp"
#include "poft/primitive/attention_by_products.hpp"
#include "poft/primitive/backend_copy.hpp"

/// A warp or block goes through a row's keys a few at a time, which is enough for sequences that are no longer than this; the
/// products of longer ones are worth their launches.
template <>
struct poft::primitive::attention<poft::cuda::backend>
    : poft::primitive::attention_by_rows<poft::cuda::backend> {
  using backend  = poft::cuda::backend;
  using rows     = attention_by_rows<backend>;
  using products = attention_by_products<backend>;

  static constexpr std::int64_t longest_by_rows = 128;

  template <class T>
  static void forward(backend const& on, attention_shape const& shape, indices<backend, std::int64_t> offsets,
                      std::type_identity_t<view<T const, 2>> qkv, view<T, 2> y,
                      std::type_identity_t<view<T, 2>> log_normaliser) {
    std::int64_t const longest = rows::longest_of(offsets.host());
    if (longest <= longest_by_rows) return rows::forward(on, shape, offsets, qkv, y, log_normaliser);
    rows::template require_forward<T>(shape, offsets.host(), qkv, y, log_normaliser);
    products::forward(on, shape, offsets.host(), rows::template scale_of<T>(shape), qkv, y, log_normaliser,
                      on.template scratch<T>(products::room_for(shape, longest)));
  }

  template <class T>
  static void backward(backend const& on, attention_shape const& shape,
                       indices<backend, std::int64_t> offsets, std::type_identity_t<view<T const, 2>> qkv,
                       std::type_identity_t<view<T const, 2>> y,
                       std::type_identity_t<view<T const, 2>> log_normaliser,
                       std::type_identity_t<view<T const, 2>> d_y, view<T, 2> d_qkv) {
    std::int64_t const longest = rows::longest_of(offsets.host());
    if (longest <= longest_by_rows)
      return rows::backward(on, shape, offsets, qkv, y, log_normaliser, d_y, d_qkv);
    rows::template require_backward<T>(shape, offsets.host(), qkv, y, log_normaliser, d_y, d_qkv);
    products::backward(on, shape, offsets.host(), rows::template scale_of<T>(shape), qkv, y, log_normaliser,
                       d_y, d_qkv, on.template scratch<T>(products::room_for(shape, longest)));
  }
};
