// A model on any backend, whatever its memory, against the same one on the one-by-one oracle in double.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "model/small_models.hpp"
#include "poft/backend/one_by_one.hpp"
#include "poft/model/generate.hpp"
#include "poft/model/transformer.hpp"
#include "poft/primitive/backend_copy.hpp"

namespace poft_test {

template <class Backend, class T>
std::vector<T> elements_of(Backend const& backend, std::span<T const> there) {
  auto const here = poft::on_host(backend, there);
  return {here.begin(), here.end()};
}

/// Hidden states, loss and gradient.
template <class T, class Backend>
void expect_transformer_of_one_by_one(Backend const& backend, poft::transformer_config const& config,
                                      std::vector<std::int64_t> const& lengths) {
  constexpr bool is_float = std::is_same_v<T, float>;
  auto const dropout_seed = config.dropout > 0 ? std::optional<std::uint64_t>(7) : std::nullopt;
  ragged_tokens const batch(config, lengths, 2);
  poft::transformer<poft::one_by_one, double> oracle({}, config);
  poft::transformer<Backend, T> model(backend, config);
  fill_with_random_numbers(oracle, 1);
  fill_with_random_numbers(model, 1);
  double const expected = loss_and_gradient(oracle, batch, dropout_seed);
  EXPECT_NEAR(loss_and_gradient(model, batch, dropout_seed), expected, (is_float ? 1e-5 : 1e-12) * expected);
  auto const compare = [](std::vector<T> const& got, std::span<double const> want, double tolerance,
                          char const* what) {
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t k = 0; k < got.size(); ++k) {
      ASSERT_NEAR(static_cast<double>(got[k]), want[k], tolerance) << what << ' ' << k;
    }
  };
  auto const all_of = []<class U>(poft::view<U const, 2> matrix) {
    return std::span<U const>(matrix.data(), static_cast<std::size_t>(matrix.size()));
  };
  compare(elements_of(backend, all_of(model.hidden())), all_of(oracle.hidden()), is_float ? 1e-4 : 1e-12,
          "hidden");
  double largest = 0;
  for (double const one : oracle.gradient()) largest = std::max(largest, std::abs(one));
  compare(elements_of(backend, std::span<T const>(model.gradient())), oracle.gradient(),
          (is_float ? 1e-5 : 1e-13) * largest, "parameter");
}

/// Hidden states, gradients and tokens of three networks side by side, each the oracle's alone; T = double, so that no draw is
/// near enough to a boundary to differ.
template <class Backend>
void expect_networks_of_one_by_one(Backend const& backend, poft::transformer_config const& config,
                                   std::ptrdiff_t sequences = 3) {
  constexpr std::size_t count = 3;
  // As many sequences and tokens for each, not the same lengths.
  std::vector<std::int64_t> lengths;
  std::vector<std::uint64_t> seeds, streams;
  for (std::size_t n = 0; n < count; ++n) {
    for (std::size_t k = 0; k < static_cast<std::size_t>(sequences); ++k) {
      lengths.push_back(std::array{2, 4, 1}[(n + k) % 3]);
      seeds.push_back(4 + n);
      streams.push_back(k);
    }
  }
  ragged_tokens const batch(config, lengths, 2);
  std::ptrdiff_t const each = 7 * sequences / 3, channels = config.channels;
  poft::transformer<Backend, double> model(backend, config, count);
  fill_with_random_numbers(model, 1);
  auto const parameters = elements_of(backend, std::span<double const>(model.parameters()));
  std::size_t const own = parameters.size() / count;

  poft::random_stream random(5);
  std::vector<double> d(batch.tokens.size() * static_cast<std::size_t>(channels));
  for (double& one : d) one = 2 * random.uniform<double>() - 1;
  auto d_there = backend.template allocate<double>(std::ssize(d));
  backend.template copy<double>(poft::view<double const>(d),
                                poft::view<double>(d_there.data(), std::ssize(d)));
  std::vector<double> hidden;
  auto const keep_hidden = [&](poft::view<double const, 2> now) {
    hidden = elements_of(backend, std::span<double const>(now.data(), static_cast<std::size_t>(now.size())));
  };
  keep_hidden(model.infer(batch.tokens, batch.offsets));
  auto const inferred = hidden;
  keep_hidden(model.forward(batch.tokens, batch.offsets));
  EXPECT_EQ(hidden, inferred);
  model.backward({d_there.data(), 3 * each, channels});
  auto const gradient = elements_of(backend, std::span<double const>(model.gradient()));
  poft::generation_options const options{.new_tokens = 2, .streams = streams, .seeds = seeds};
  auto const made = poft::generate(model, batch.tokens, batch.offsets, options);

  auto const near = [](std::span<double const> got, std::span<double const> want, char const* what) {
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t k = 0; k < got.size(); ++k) ASSERT_NEAR(got[k], want[k], 1e-11) << what << ' ' << k;
  };
  for (std::size_t n = 0; n < count; ++n) {
    SCOPED_TRACE(n);
    auto const first = static_cast<std::ptrdiff_t>(n) * each, at = static_cast<std::ptrdiff_t>(n) * sequences;
    poft::transformer<poft::one_by_one, double> alone({}, config);
    std::copy_n(parameters.begin() + static_cast<std::ptrdiff_t>(n * own), own, alone.parameters().begin());
    std::vector<std::int32_t> const tokens(batch.tokens.begin() + first, batch.tokens.begin() + first + each);
    std::vector<std::int64_t> offsets(batch.offsets.begin() + at, batch.offsets.begin() + at + sequences + 1);
    for (auto& offset : offsets) offset -= first;
    auto const rows = static_cast<std::size_t>(each * channels);
    auto const want = alone.forward(tokens, offsets);
    near(std::span(hidden).subspan(n * rows, rows), {want.data(), rows}, "hidden");
    alone.backward({d.data() + static_cast<std::ptrdiff_t>(n * rows), each, channels});
    near(std::span(gradient).subspan(n * own, own), alone.gradient(), "parameter");
    auto const drawn = poft::generate(alone, tokens, offsets, {.new_tokens = 2, .seed = 4 + n});
    auto const start = made.tokens.begin() + made.offsets[static_cast<std::size_t>(at)];
    EXPECT_TRUE(std::equal(drawn.tokens.begin(), drawn.tokens.end(), start));
    near(std::span(made.log_probs).subspan(n * drawn.tokens.size(), drawn.tokens.size()), drawn.log_probs,
         "log_prob");
  }
}

/// Tokens, log-probs and entropies. A draw may differ where it lies within 1e-5 of a boundary of the cumulative probabilities.
template <class T, class Backend>
void expect_generation_of_one_by_one(Backend const& backend, poft::transformer_config const& config) {
  poft::transformer<poft::one_by_one, double> oracle({}, config);
  poft::transformer<Backend, T> model(backend, config);
  fill_with_random_numbers(oracle, 3);
  fill_with_random_numbers(model, 3);
  ragged_tokens const prompts(config, {1, 4, 2, 3, 1, 2}, 2);
  auto const generated = [&](auto& with, poft::generation_options const& options) {
    return poft::generate(with.backend(), config, with.slices(), prompts.tokens, prompts.offsets, options);
  };
  std::int64_t const stop = config.vocab / 2;
  for (auto const& options : {
           poft::generation_options{.new_tokens = 2, .seed = 21},
           poft::generation_options{
               .new_tokens = 9, .stop_token = static_cast<std::int32_t>(stop), .crop = true, .seed = 22},
           poft::generation_options{.new_tokens = 9, .sampling = {.temperature = 0}, .crop = true},
       }) {
    auto const got  = generated(model, options);
    auto const want = generated(oracle, options);
    for (std::size_t s = 0; s + 1 < prompts.offsets.size(); ++s) {
      std::vector<std::int32_t> tokens = prompts.sequence(s).tokens;
      auto k = static_cast<std::size_t>(got.offsets[s]), j = static_cast<std::size_t>(want.offsets[s]);
      for (; k < static_cast<std::size_t>(got.offsets[s + 1]); ++k, ++j) {
        ASSERT_LT(j, static_cast<std::size_t>(want.offsets[s + 1]));
        if (got.tokens[k] != want.tokens[j]) break;
        double const tolerance = std::is_same_v<T, float> ? 1e-3 : 1e-12;
        EXPECT_NEAR(static_cast<double>(got.log_probs[k]), want.log_probs[j], tolerance);
        EXPECT_NEAR(static_cast<double>(got.entropies[k]), want.entropies[j], tolerance);
        tokens.push_back(got.tokens[k]);
      }
      if (k == static_cast<std::size_t>(got.offsets[s + 1])) {
        EXPECT_EQ(j, static_cast<std::size_t>(want.offsets[s + 1]));
        continue;
      }
      double const u = poft::random_stream(options.seed, s, 2 * tokens.size()).template uniform<double>();
      std::size_t const seen = std::min(tokens.size(), static_cast<std::size_t>(config.positions));
      std::vector<std::int32_t> const last(tokens.end() - static_cast<long>(seen), tokens.end());
      auto const hidden = oracle.forward(last, std::vector<std::int64_t>{0, static_cast<std::int64_t>(seen)});
      std::vector<double> z(static_cast<std::size_t>(config.vocab));
      oracle.backend().gemm({.transpose_b = true}, hidden.subview(hidden.rows() - 1, 1), oracle.slices().head,
                            poft::view<double, 2>(z.data(), 1, config.vocab));
      double total = 0, below = 0, margin = 1;
      for (double& one : z) total += one = std::exp(one);
      for (double const one : z) margin = std::min(margin, std::abs((below += one / total) - u));
      EXPECT_LT(margin, 1e-5) << "prompt " << s << ", position " << tokens.size();
    }
  }
}

}  // namespace poft_test
