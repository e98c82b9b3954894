// Transformers small enough for finite differences, ragged batches for them, and their loss through the heads.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "poft/core/random.hpp"
#include "poft/head/logits.hpp"
#include "poft/model/config.hpp"
#include "poft/model/scalar_head.hpp"
#include "poft/model/transformer.hpp"
#include "poft/objective/nll.hpp"
#include "poft/primitive/backend_copy.hpp"

namespace poft_test {

/// Tokens of sequences of the given lengths; every position but the third has a target.
struct ragged_tokens {
  std::vector<std::int32_t> tokens, targets;
  std::vector<std::int64_t> offsets{0};

  ragged_tokens() = default;
  ragged_tokens(poft::transformer_config const& config, std::vector<std::int64_t> const& lengths,
                std::uint64_t seed) {
    poft::random_stream random(seed);
    auto const vocab = static_cast<std::uint64_t>(config.vocab);
    for (auto const length : lengths) {
      offsets.push_back(offsets.back() + length);
      for (std::int64_t t = 0; t < length; ++t) {
        tokens.push_back(static_cast<std::int32_t>(random.below(vocab)));
        targets.push_back(t == 2 ? -1 : static_cast<std::int32_t>(random.below(vocab)));
      }
    }
  }

  ragged_tokens sequence(std::size_t s) const {
    auto const part = [&](std::vector<std::int32_t> const& all) {
      return std::vector<std::int32_t>(all.begin() + offsets[s], all.begin() + offsets[s + 1]);
    };
    ragged_tokens out;
    out.tokens  = part(tokens);
    out.targets = part(targets);
    out.offsets.push_back(offsets[s + 1] - offsets[s]);
    return out;
  }
};

struct named_config {
  std::string name;
  poft::transformer_config config;

  friend std::ostream& operator<<(std::ostream& out, named_config const& c) { return out << c.name; }
};

inline poft::transformer_config small_gpt() {
  auto config   = poft::gpt(2, 2, 6, 7, 5);
  config.hidden = 10;
  return config;
}
inline poft::transformer_config small_llama() {
  poft::transformer_config config = small_gpt();
  config.heads                    = 4;
  config.kv_heads                 = 2;
  config.head_channels            = 2;
  config.norm                     = poft::norm_kind::rms;
  config.position                 = poft::position_kind::rotary;
  config.mlp                      = poft::mlp_kind::swiglu;
  config.bias                     = false;
  config.rotary_base              = 100;
  return config;
}

/// Both families with what each of their options changes, and mixtures of the two.
inline std::vector<named_config> small_configs() {
  auto const changed = [](poft::transformer_config config, auto const& change) {
    change(config);
    return config;
  };
  using config = poft::transformer_config;
  return {
      {"gpt", small_gpt()},
      {"gpt_tied", changed(small_gpt(), [](config& c) { c.head = poft::head_kind::tied; })},
      {"gpt_without_biases", changed(small_gpt(), [](config& c) { c.bias = false; })},
      {"gpt_with_dropout", changed(small_gpt(), [](config& c) { c.dropout = 0.3; })},
      {"gpt_with_scalar_head", changed(small_gpt(), [](config& c) { c.scalar_head = true; })},
      {"gpt_with_grouped_queries", changed(small_gpt(), [](config& c) { c.kv_heads = 1; })},
      {"llama", small_llama()},
      {"llama_tied", changed(small_llama(), [](config& c) { c.head = poft::head_kind::tied; })},
      {"llama_with_biases", changed(small_llama(), [](config& c) { c.bias = true; })},
      {"llama_with_dropout", changed(small_llama(), [](config& c) { c.dropout = 0.3; })},
      {"llama_with_scalar_head", changed(small_llama(), [](config& c) { c.scalar_head = true; })},
      {"llama_without_groups", changed(small_llama(), [](config& c) { c.kv_heads = 4; })},
      {"layer_norm_rotary_gelu", changed(small_llama(),
                                         [](config& c) {
                                           c.norm = poft::norm_kind::layer;
                                           c.mlp  = poft::mlp_kind::gelu;
                                         })},
      {"rms_norm_learned_swiglu", changed(small_gpt(),
                                          [](config& c) {
                                            c.norm = poft::norm_kind::rms;
                                            c.mlp  = poft::mlp_kind::swiglu;
                                          })},
  };
}

/// Uniform in (-scale, scale): far from the initial values, at which norms and biases would do nothing.
template <class T>
void fill_with_random_numbers(std::span<T> parameters, std::uint64_t seed, double scale = 0.8) {
  poft::random_stream random(seed);
  for (T& x : parameters) {
    x = static_cast<T>(
        static_cast<poft::compute_t<T>>(scale * (2 * static_cast<double>(random.uniform<float>()) - 1)));
  }
}
template <class Backend, class T>
void fill_with_random_numbers(poft::transformer<Backend, T>& model, std::uint64_t seed, double scale = 0.8) {
  poft::change_on_host(model.backend(), model.parameters(),
                       [&](std::span<T> parameters) { fill_with_random_numbers(parameters, seed, scale); });
}

/// The sum over targets >= 0 of their negative log-likelihood and, where the model has a scalar head, half the squares of the
/// last tokens' scalars. The gradient is left in model.gradient().
template <class Backend, class T>
double loss_and_gradient(poft::transformer<Backend, T>& model, ragged_tokens const& batch,
                         std::optional<std::uint64_t> dropout_seed = {}) {
  using poft::view;
  using C                = poft::compute_t<T>;
  auto const& backend    = model.backend();
  auto const& p          = model.slices();
  auto const& d          = model.gradient_slices();
  auto const hidden      = model.forward(batch.tokens, batch.offsets, dropout_seed);
  std::ptrdiff_t const n = hidden.rows(), vocab = model.config().vocab;
  model.zero_gradient();

  auto room = backend.template allocate<T>(n * vocab), d_room = backend.template allocate<T>(hidden.size());
  view<T, 2> const logits(room.data(), n, vocab), d_hidden(d_room.data(), n, hidden.columns());
  backend.gemm({.transpose_b = true}, hidden, p.head, logits);
  poft::logits_head<Backend, C> head(backend);
  poft::token_batch<std::int32_t> const targets{batch.targets, batch.offsets, {}, -1};
  head.read(logits, targets);
  double loss = head.token_loss(poft::objective::nll_sum{}, poft::token<std::span<C const>>{}, {.count = 1});
  head.write(view<T const, 2>(logits), targets, logits);
  backend.gemm({}, logits, p.head, d_hidden);
  backend.gemm({.transpose_a = true, .beta = 1}, logits, hidden, d.head);

  if (model.config().scalar_head) {
    using scalar         = poft::scalar_head<Backend>;
    auto const sequences = static_cast<std::ptrdiff_t>(batch.offsets.size()) - 1;
    auto of_tokens = backend.template allocate<C>(n), of_sequences = backend.template allocate<C>(sequences);
    view<C> const values(of_tokens.data(), n), rewards(of_sequences.data(), sequences);
    scalar::forward(backend, hidden, p.scalar_head, values);
    scalar::last_tokens(backend, values, batch.offsets, rewards);
    for (C const reward :
         poft::on_host(backend, std::span<C const>(rewards.data(), static_cast<std::size_t>(sequences)))) {
      loss += static_cast<double>(reward) * static_cast<double>(reward) / 2;
    }
    scalar::last_tokens_backward(backend, rewards, batch.offsets, values);
    scalar::backward(backend, hidden, p.scalar_head, values, d_hidden, d.scalar_head);
  }
  model.backward(d_hidden);
  return loss;
}

}  // namespace poft_test
