// Every parameter of a transformer as a named slice of one flat buffer, so that optimiser, clipping, all-reduce
// and checkpoint are one pass over one array.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/model/config.hpp"
#include "poft/row/row.hpp"

namespace poft {

/// y = x W^T + b. weight [outputs, inputs]; bias [outputs], empty where the model has none.
template <class T>
struct linear_slices {
  view<T, 2> weight;
  view<T> bias;
};

/// gain [channels]; bias [channels], empty for an RMS norm.
template <class T>
struct norm_slices {
  view<T> gain, bias;
};

template <class T>
struct block_slices {
  norm_slices<T> attention_norm;
  linear_slices<T> qkv;         // [query + 2 key-value channels, channels]
  linear_slices<T> projection;  // [channels, query channels]
  norm_slices<T> mlp_norm;
  linear_slices<T> up;    // [hidden, channels]; SwiGLU: [2 hidden, channels], the gate first
  linear_slices<T> down;  // [channels, hidden]
};

/// Views into one buffer of parameters, or of their gradient. With base = nullptr only `size` has a meaning.
template <class T>
struct transformer_slices {
  view<T, 2> token_embedding;     // [vocab, channels]
  view<T, 2> position_embedding;  // [positions, channels], empty with rotary positions
  std::vector<block_slices<T>> blocks;
  norm_slices<T> last_norm;
  view<T, 2> head;               // [vocab, channels]: its own, that of the tokens where tied, or empty
  linear_slices<T> scalar_head;  // [1, channels], no bias; empty where there is none
  std::ptrdiff_t size = 0;       // elements of the whole buffer

  transformer_slices() = default;
  transformer_slices(transformer_config const& config, T* base) {
    auto const take = [&](std::ptrdiff_t count) {
      T* const here = base ? base + size : nullptr;
      size += count;
      return here;
    };
    auto const matrix = [&](std::ptrdiff_t rows, std::ptrdiff_t columns) {
      return view<T, 2>(take(rows * columns), rows, columns);
    };
    auto const vector = [&](std::ptrdiff_t count) { return view<T>(take(count), count); };
    auto const linear = [&](std::ptrdiff_t outputs, std::ptrdiff_t inputs) {
      linear_slices<T> out{matrix(outputs, inputs), {}};
      if (config.bias) out.bias = vector(outputs);
      return out;
    };
    auto const norm = [&] {
      norm_slices<T> out{vector(config.channels), {}};
      if (config.norm == norm_kind::layer) out.bias = vector(config.channels);
      return out;
    };
    token_embedding = matrix(config.vocab, config.channels);
    if (config.position == position_kind::learned) {
      position_embedding = matrix(config.positions, config.channels);
    }
    blocks.resize(static_cast<std::size_t>(config.layers));
    for (auto& block : blocks) {
      block.attention_norm = norm();
      block.qkv            = linear(config.qkv_channels(), config.channels);
      block.projection     = linear(config.channels, config.query_channels());
      block.mlp_norm       = norm();
      block.up             = linear(config.up_channels(), config.channels);
      block.down           = linear(config.channels, config.hidden);
    }
    last_norm = norm();
    if (config.head == head_kind::tied) head = token_embedding;
    if (config.head == head_kind::own) head = matrix(config.vocab, config.channels);
    if (config.scalar_head) scalar_head.weight = matrix(1, config.channels);
  }
};

/// Elements of the flat buffer.
inline std::ptrdiff_t parameter_count(transformer_config const& config) {
  return transformer_slices<float>(config, nullptr).size;
}

/// How a parameter starts, and whether weight decay applies to it.
enum class parameter_kind { embedding, weight, residual_weight, gain, bias };

/// Weight decay acts on the matrices of linear layers, not on embeddings, gains and biases (minGPT).
constexpr bool decays(parameter_kind kind) {
  return kind == parameter_kind::weight || kind == parameter_kind::residual_weight;
}

/// One tensor as Hugging Face names it; several may be rows of one slice (q_proj, k_proj, v_proj).
template <class T>
struct named_parameter {
  std::string name;
  view<T, 2> values;  // [outputs, inputs], or [1, size] for a vector
  bool is_vector;
  bool transposed;  // GPT-2's files hold [inputs, outputs] (its Conv1D)
  parameter_kind kind;
};

/// Every tensor once, in the order of the buffer: names of GPT-2's files (transformer.h.0.attn.c_attn.weight) where the
/// config has learned positions, those of Llama's (model.layers.0.self_attn.q_proj.weight) where it has rotary ones. The
/// slices must have been made from this config.
template <class T>
std::vector<named_parameter<T>> named_parameters(transformer_config const& config,
                                                 transformer_slices<T> const& slices) {
  bool const gpt2 = config.position == position_kind::learned;
  std::vector<named_parameter<T>> out;
  auto const add_matrix = [&](std::string name, view<T, 2> values, parameter_kind kind, bool conv1d = false) {
    if (values.rows() > 0) out.push_back({std::move(name), values, false, conv1d, kind});
  };
  auto const add_vector = [&](std::string name, view<T> values, parameter_kind kind) {
    if (values.size() > 0) {
      out.push_back({std::move(name), view<T, 2>(values.data(), 1, values.size()), true, false, kind});
    }
  };
  auto const add_norm = [&](std::string const& name, norm_slices<T> const& norm) {
    add_vector(name + ".weight", norm.gain, parameter_kind::gain);
    add_vector(name + ".bias", norm.bias, parameter_kind::bias);
  };
  // A linear layer whose rows stand in the file as several, given by name and rows.
  using part            = std::pair<char const*, std::ptrdiff_t>;
  auto const add_linear = [&](std::string const& layer, linear_slices<T> const& slice,
                              std::initializer_list<part> parts, parameter_kind kind) {
    std::ptrdiff_t first = 0;
    for (auto const& [name, rows] : parts) {
      add_matrix(layer + name + ".weight", slice.weight.subview(first, rows), kind, gpt2);
      first += rows;
    }
    first = 0;
    for (auto const& [name, rows] : parts) {
      if (slice.bias.empty()) break;
      add_vector(layer + name + ".bias", slice.bias.subview(first, rows), parameter_kind::bias);
      first += rows;
    }
  };
  auto const weight = parameter_kind::weight, residual = parameter_kind::residual_weight;

  std::string const body = gpt2 ? "transformer." : "model.";
  add_matrix(body + (gpt2 ? "wte.weight" : "embed_tokens.weight"), slices.token_embedding,
             parameter_kind::embedding);
  add_matrix(body + "wpe.weight", slices.position_embedding, parameter_kind::embedding);
  for (std::size_t l = 0; l < slices.blocks.size(); ++l) {
    auto const& block       = slices.blocks[l];
    std::string const layer = body + (gpt2 ? "h." : "layers.") + std::to_string(l) + ".";
    std::ptrdiff_t const q = config.query_channels(), kv = config.kv_channels(), hidden = config.hidden;
    add_norm(layer + (gpt2 ? "ln_1" : "input_layernorm"), block.attention_norm);
    if (gpt2) {
      add_linear(layer, block.qkv, {{"attn.c_attn", q + 2 * kv}}, weight);
      add_linear(layer, block.projection, {{"attn.c_proj", config.channels}}, residual);
    } else {
      add_linear(layer, block.qkv,
                 {{"self_attn.q_proj", q}, {"self_attn.k_proj", kv}, {"self_attn.v_proj", kv}}, weight);
      add_linear(layer, block.projection, {{"self_attn.o_proj", config.channels}}, residual);
    }
    add_norm(layer + (gpt2 ? "ln_2" : "post_attention_layernorm"), block.mlp_norm);
    if (config.mlp == mlp_kind::swiglu) {
      add_linear(layer, block.up, {{"mlp.gate_proj", hidden}, {"mlp.up_proj", hidden}}, weight);
      add_linear(layer, block.down, {{"mlp.down_proj", config.channels}}, residual);
    } else {
      add_linear(layer, block.up, {{"mlp.c_fc", hidden}}, weight);
      add_linear(layer, block.down, {{"mlp.c_proj", config.channels}}, residual);
    }
  }
  add_norm(body + (gpt2 ? "ln_f" : "norm"), slices.last_norm);
  if (config.head == head_kind::own) add_matrix("lm_head.weight", slices.head, weight);
  if (config.scalar_head) add_matrix("score.weight", slices.scalar_head.weight, weight);
  return out;
}

/// minGPT's start: normal(0, 0.02) for matrices and embeddings, the two that feed the residual stream of a block with
/// 0.02 / sqrt(2 layers) (Radford et al. 2019, section 2.3), gains 1, biases 0. Tensor k draws from stream k of the
/// seed, in double, so that float and double start alike, and bfloat16 as float's start rounded. Host memory.
template <class T>
void initialise(transformer_config const& config, transformer_slices<T> const& slices, std::uint64_t seed) {
  using C               = compute_t<T>;
  double const residual = 0.02 / std::sqrt(2.0 * static_cast<double>(config.layers));
  std::uint64_t stream  = 0;
  for (auto const& parameter : named_parameters(config, slices)) {
    random_stream random(seed, stream++);
    for (std::ptrdiff_t r = 0; r < parameter.values.rows(); ++r) {
      for (T& element : parameter.values.row(r)) {
        switch (parameter.kind) {
          case parameter_kind::gain:
            element = static_cast<T>(C(1));
            break;
          case parameter_kind::bias:
            element = T{};
            break;
          case parameter_kind::residual_weight:
            element = static_cast<T>(static_cast<C>(residual * random.normal<double>()));
            break;
          case parameter_kind::embedding:
          case parameter_kind::weight:
            element = static_cast<T>(static_cast<C>(0.02 * random.normal<double>()));
            break;
        }
      }
    }
  }
}

}  // namespace poft
