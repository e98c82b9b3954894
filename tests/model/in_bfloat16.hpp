// A model stored in bfloat16 on any backend, whatever its memory, against the oracle in double with the same parameters.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/small_models.hpp"
#include "poft/backend/one_by_one.hpp"
#include "poft/core/bfloat16.hpp"
#include "poft/model/generate.hpp"
#include "poft/model/transformer.hpp"
#include "poft/primitive/backend_copy.hpp"

namespace poft_test {

/// Of `count` numbers in a row, each of them rounded to 8 bits and so wrong by up to 1 / 256 of itself: independent errors add
/// up as their squares do.
inline double roundings(double count) { return std::sqrt(count) / 256; }

template <class Backend, class T>
std::vector<double> as_doubles(Backend const& backend, std::span<T const> there) {
  std::vector<double> out;
  for (T const x : poft::on_host(backend, there)) out.push_back(static_cast<double>(x));
  return out;
}
template <class Backend, class T>
std::vector<double> as_doubles(Backend const& backend, poft::view<T const, 2> there) {
  return as_doubles(backend, std::span<T const>(there.data(), static_cast<std::size_t>(there.size())));
}

/// |got - want| / |want|
inline double relative_distance(std::vector<double> const& got, std::vector<double> const& want) {
  EXPECT_EQ(got.size(), want.size());
  double distance = 0, length = 0;
  for (std::size_t k = 0; k < std::min(got.size(), want.size()); ++k) {
    distance += (got[k] - want[k]) * (got[k] - want[k]);
    length += want[k] * want[k];
  }
  return std::sqrt(distance / length);
}

/// The oracle with the numbers that bfloat16 has.
template <class Backend>
void copy_parameters(poft::transformer<Backend, poft::bfloat16> const& from,
                     poft::transformer<poft::one_by_one, double>& to) {
  auto const numbers = as_doubles(from.backend(), from.parameters());
  std::copy(numbers.begin(), numbers.end(), to.parameters().begin());
}

/// Hidden states, loss and gradient. A number is rounded where it is stored, and each stage hands on what is relatively wrong
/// before it. On the way to the hidden states these are the two embeddings, of every block 2 norms, qkv, its rotation, the
/// heads, up, the activation and 2 starts and ends of sums, and the last norm; backwards as many again, and the logits, their
/// gradient and d_hidden.
template <class Backend>
void expect_transformer_in_bfloat16(Backend const& backend, poft::transformer_config const& config,
                                    std::vector<std::int64_t> const& lengths) {
  double const forward = static_cast<double>(3 + 11 * config.layers), whole = 2 * forward + 3;
  auto const dropout_seed = config.dropout > 0 ? std::optional<std::uint64_t>(7) : std::nullopt;
  ragged_tokens const batch(config, lengths, 2);
  poft::transformer<Backend, poft::bfloat16> model(backend, config);
  poft::transformer<poft::one_by_one, double> oracle({}, config);
  fill_with_random_numbers(model, 1);
  copy_parameters(model, oracle);
  double const expected = loss_and_gradient(oracle, batch, dropout_seed);
  double const loss     = loss_and_gradient(model, batch, dropout_seed);
  double const hidden =
      relative_distance(as_doubles(backend, model.hidden()), as_doubles(oracle.backend(), oracle.hidden()));
  double const gradient =
      relative_distance(as_doubles(backend, std::span<float const>(model.gradient())),
                        as_doubles(oracle.backend(), std::span<double const>(oracle.gradient())));
  EXPECT_LT(std::abs(loss - expected), roundings(forward) * expected);
  EXPECT_LT(hidden, roundings(forward));
  EXPECT_LT(gradient, roundings(whole));
  EXPECT_GT(hidden, roundings(1) / 10) << "nothing is rounded";
  EXPECT_GT(gradient, roundings(1) / 10) << "nothing is rounded";
}

/// Log-probs of generated tokens are those of a forward pass of the oracle, as far as both are differences of rounded logits.
template <class Backend>
void expect_generation_in_bfloat16(Backend const& backend, poft::transformer_config const& config) {
  poft::transformer<Backend, poft::bfloat16> model(backend, config);
  poft::transformer<poft::one_by_one, double> oracle({}, config);
  fill_with_random_numbers(model, 3);
  copy_parameters(model, oracle);
  ragged_tokens const prompts(config, {1, 3, 2}, 2);
  poft::generation<float> const got =
      poft::generate(model, prompts.tokens, prompts.offsets, {.new_tokens = 2, .seed = 21});
  for (std::size_t s = 0; s + 1 < prompts.offsets.size(); ++s) {
    auto tokens = prompts.sequence(s).tokens;
    for (auto k = static_cast<std::size_t>(got.offsets[s]); k < static_cast<std::size_t>(got.offsets[s + 1]);
         ++k) {
      auto const n      = static_cast<std::int64_t>(tokens.size());
      auto const hidden = oracle.forward(tokens, std::vector<std::int64_t>{0, n});
      std::vector<double> z(static_cast<std::size_t>(config.vocab));
      oracle.backend().gemm({.transpose_b = true}, hidden.subview(n - 1, 1), oracle.slices().head,
                            poft::view<double, 2>(z.data(), 1, config.vocab));
      double total = 0, largest = 0;
      for (double const one : z) {
        total += std::exp(one);
        largest = std::max(largest, std::abs(one));
      }
      double const expected = z[static_cast<std::size_t>(got.tokens[k])] - std::log(total);
      double const bound    = 2 * largest * roundings(static_cast<double>(3 + 11 * config.layers));
      EXPECT_NEAR(static_cast<double>(got.log_probs[k]), expected, bound);
      tokens.push_back(got.tokens[k]);
    }
  }
}

/// A model in which everything is a small multiple of 1/2 and so exact: its branches add nothing, each token's embedding is
/// (1, -1, 1, -1), which is its norm, too. 515 tokens, each with d_hidden = (1, 1, 0, 0):
///
///   layer norm   mean of g = 1/2, of g n = 0: d_x = (1/2, 1/2, -1/2, -1/2), the sum 257.5 of each
///   RMS norm     mean of g n = 0: d_x = (1, 1, 0, 0), the sum 515
///   d_gain       sum of d_hidden n = (515, -515, 0, 0)
///
/// Summed in bfloat16, of 8 bits, these would end at 256 or before.
template <class Backend>
void expect_sums_in_float(Backend const& backend, bool rms) {
  auto config         = poft::gpt(1, 2, 4, 3, 8);
  config.norm_epsilon = 1e-30;
  if (rms) config.norm = poft::norm_kind::rms;
  poft::transformer<Backend, poft::bfloat16> model(backend, config);
  poft::change_on_host(backend, model.parameters(), [&](std::span<poft::bfloat16> parameters) {
    poft::transformer_slices<poft::bfloat16> const p(config, parameters.data());
    for (std::ptrdiff_t c = 0; c < 4; ++c) {
      p.token_embedding(1, c) = static_cast<poft::bfloat16>(c % 2 == 0 ? 1.0f : -1.0f);
      for (auto const& norm : {p.blocks[0].attention_norm, p.blocks[0].mlp_norm, p.last_norm}) {
        norm.gain[c] = static_cast<poft::bfloat16>(1.0f);
      }
    }
  });
  std::vector<std::int64_t> offsets{0};
  while (offsets.back() < 515) offsets.push_back(std::min<std::int64_t>(515, offsets.back() + 8));
  std::vector<std::int32_t> const tokens(515, 1);
  auto const hidden = as_doubles(backend, model.forward(tokens, offsets));
  for (std::size_t k = 0; k < hidden.size(); ++k) ASSERT_EQ(hidden[k], k % 2 == 0 ? 1.0 : -1.0);

  std::vector<poft::bfloat16> d_hidden;
  for (std::size_t k = 0; k < hidden.size(); ++k)
    d_hidden.push_back(static_cast<poft::bfloat16>(k % 4 < 2 ? 1.0f : 0.0f));
  auto room = backend.template allocate<poft::bfloat16>(std::ssize(d_hidden));
  backend.template copy<poft::bfloat16>(poft::view<poft::bfloat16 const>(d_hidden),
                                        poft::view<poft::bfloat16>(room.data(), std::ssize(d_hidden)));
  model.backward({room.data(), 515, 4});
  auto gradient = as_doubles(backend, std::span<float const>(model.gradient()));
  poft::transformer_slices<double> const d(config, gradient.data());
  for (std::ptrdiff_t c = 0; c < 4; ++c) {
    double const d_x = rms ? (c < 2 ? 515 : 0) : (c < 2 ? 257.5 : -257.5);
    EXPECT_EQ(d.token_embedding(1, c), d_x) << c;
    EXPECT_EQ(d.blocks[0].down.bias[c], d_x) << c;
    EXPECT_EQ(d.last_norm.gain[c], c == 0 ? 515 : c == 1 ? -515 : 0) << c;
    if (!rms) {
      EXPECT_EQ(d.last_norm.bias[c], c < 2 ? 515 : 0) << c;
    }
  }
}

}  // namespace poft_test
