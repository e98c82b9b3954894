// Rows of a batch of sequences for the heads' benches on the GPU, of which the first example is short enough for an oracle.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "poft/core/random.hpp"
#include "poft/head/token_batch.hpp"
#include "poft/scalar/gradient.hpp"

namespace poft::bench {

/// Sequences of 64 tokens, example by example, but for the first example, whose have 1, and the second, which has the rest.
template <class Objective>
struct token_rows {
  template <class T>
  using inputs                          = inputs_of<Objective, T>;
  static constexpr std::int64_t members = inputs<float>::live::count, length = 64, first_length = 1;

  std::int64_t examples;
  std::vector<std::int64_t> offsets{0};
  std::vector<std::int32_t> targets;

  token_rows(std::int64_t rows, std::int64_t vocab) : examples(rows / (length * members)) {
    for (std::int64_t e = 0; e < examples; ++e) {
      std::int64_t const tokens = e == 0 ? first_length : e == 1 ? 2 * length - first_length : length;
      for (std::int64_t k = 0; k < members; ++k) offsets.push_back(offsets.back() + tokens);
    }
    renew_targets(vocab, 0);
  }
  void renew_targets(std::int64_t vocab, std::uint64_t seed) {
    random_stream random(seed);
    targets.resize(static_cast<std::size_t>(offsets.back()));
    for (auto& target : targets) {
      target = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocab)));
    }
  }
  token_batch<std::int32_t> batch() const { return {targets, offsets}; }
  /// The first example alone, of `first_rows` rows.
  static constexpr std::int64_t first_rows = members * first_length;
  token_batch<std::int32_t> first_example() const {
    return {std::span(targets).first(static_cast<std::size_t>(first_rows)),
            std::span(offsets).first(static_cast<std::size_t>(members + 1))};
  }
};

/// The objective's frozen inputs: scores of -9, as long as `examples` says; token counts are the batch's.
template <class Objective, class T>
struct frozen_scores {
  using spans = inputs_of<Objective, std::span<T const>>;

  std::vector<T> score;
  spans in;

  explicit frozen_scores(std::int64_t examples) : score(static_cast<std::size_t>(examples), T(-9)) {
    spans::frozen::for_each_index([&]<int K>() {
      if (!std::string_view(spans::frozen::template at<K>::name).ends_with("tokens")) {
        spans::frozen::template get<K>(in) = score;
      }
    });
  }
};

}  // namespace poft::bench
