// What a transformer looks like: sizes and kinds, chosen at run time, and the presets of minGPT and GPT-2.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>

#include "poft/core/error.hpp"

namespace poft {

enum class norm_kind { layer, rms };
enum class position_kind { learned, rotary };
enum class mlp_kind { gelu, swiglu };
enum class head_kind { own, tied, none };

/// The GPT-2 family (layer norm, learned positions, tanh-GELU, biases) and the Llama family (RMS norm, rotary
/// positions, grouped queries, SwiGLU, no biases), and what lies between them.
struct transformer_config {
  /// Of every size below: products of three still fit into 63 bits.
  static constexpr std::ptrdiff_t largest_size = 1 << 20;

  std::ptrdiff_t vocab         = 0;
  std::ptrdiff_t positions     = 0;  // longest sequence [tokens]
  std::ptrdiff_t layers        = 0;
  std::ptrdiff_t heads         = 0;
  std::ptrdiff_t kv_heads      = 0;  // each serves heads / kv_heads query heads
  std::ptrdiff_t head_channels = 0;
  std::ptrdiff_t channels      = 0;
  std::ptrdiff_t hidden        = 0;  // width of the MLP

  norm_kind norm         = norm_kind::layer;
  position_kind position = position_kind::learned;
  mlp_kind mlp           = mlp_kind::gelu;
  head_kind head         = head_kind::own;
  bool bias              = true;
  bool scalar_head       = false;  // one more output per token: a value, or a reward at the last token
  double norm_epsilon    = 1e-5;
  double rotary_base     = 10000;
  double dropout         = 0;

  std::ptrdiff_t query_channels() const { return heads * head_channels; }
  std::ptrdiff_t kv_channels() const { return kv_heads * head_channels; }
  /// Rows of the fused projection: queries, keys, values in that order.
  std::ptrdiff_t qkv_channels() const { return query_channels() + 2 * kv_channels(); }
  /// Rows of the MLP's first matrix: with SwiGLU the gate first, then what it gates.
  std::ptrdiff_t up_channels() const { return mlp == mlp_kind::swiglu ? 2 * hidden : hidden; }

  /// value_error that names the field, its value and what was expected.
  void validate() const {
    auto const positive = [](char const* name, std::ptrdiff_t size) {
      if (size < 1 || size > largest_size) {
        throw value_error(
            message("transformer_config: ", name, " is ", size, ", expected 1 .. ", largest_size));
      }
    };
    positive("vocab", vocab);
    positive("positions", positions);
    positive("layers", layers);
    positive("heads", heads);
    positive("kv_heads", kv_heads);
    positive("head_channels", head_channels);
    positive("channels", channels);
    positive("heads * head_channels", query_channels());
    positive("hidden", hidden);
    if (heads % kv_heads != 0) {
      throw value_error(
          message("transformer_config: kv_heads is ", kv_heads, ", expected a divisor of heads, ", heads));
    }
    if (position == position_kind::rotary && head_channels % 2 != 0) {
      throw value_error(message("transformer_config: head_channels is ", head_channels,
                                ", expected an even number: rotary positions turn pairs"));
    }
    if (!(norm_epsilon > 0 && std::isfinite(norm_epsilon))) {
      throw value_error(
          message("transformer_config: norm_epsilon is ", norm_epsilon, ", expected finite and > 0"));
    }
    if (!(rotary_base > 0 && std::isfinite(rotary_base))) {
      throw value_error(
          message("transformer_config: rotary_base is ", rotary_base, ", expected finite and > 0"));
    }
    if (!(dropout >= 0 && dropout < 1)) {
      throw value_error(message("transformer_config: dropout is ", dropout, ", expected 0 <= dropout < 1"));
    }
  }
  bool operator==(transformer_config const&) const = default;
};

/// A GPT-2 of the given size. minGPT and the smaller presets have a head of their own; GPT-2 ties it.
inline transformer_config gpt(std::ptrdiff_t layers, std::ptrdiff_t heads, std::ptrdiff_t channels,
                              std::ptrdiff_t vocab, std::ptrdiff_t positions) {
  transformer_config config;
  config.vocab         = vocab;
  config.positions     = positions;
  config.layers        = layers;
  config.heads         = heads;
  config.kv_heads      = heads;
  config.head_channels = heads > 0 ? channels / heads : 0;
  config.channels      = channels;
  config.hidden        = 4 * channels;
  return config;
}
inline transformer_config gpt_nano(std::ptrdiff_t vocab, std::ptrdiff_t positions) {
  return gpt(3, 3, 48, vocab, positions);
}
inline transformer_config gpt_micro(std::ptrdiff_t vocab, std::ptrdiff_t positions) {
  return gpt(4, 4, 128, vocab, positions);
}
inline transformer_config gpt_mini(std::ptrdiff_t vocab, std::ptrdiff_t positions) {
  return gpt(6, 6, 192, vocab, positions);
}
/// The 124 M model of Radford et al. 2019.
inline transformer_config gpt2() {
  transformer_config config = gpt(12, 12, 768, 50257, 1024);
  config.head               = head_kind::tied;
  return config;
}

}  // namespace poft
