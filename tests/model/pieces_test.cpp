// Cutting a ragged batch: every token in one chunk, every chunk in one piece, sequences whole.
// SPDX-License-Identifier: MIT
#include "poft/model/pieces.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace {

using poft::batch_pieces;

std::vector<std::int64_t> offsets_of(std::vector<std::int64_t> const& lengths) {
  std::vector<std::int64_t> offsets{0};
  for (auto const length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

/// Lengths 1 .. longest in some order.
std::vector<std::int64_t> mixed(std::int64_t sequences, std::int64_t longest) {
  std::vector<std::int64_t> lengths;
  for (std::int64_t s = 0; s < sequences; ++s) lengths.push_back(1 + 7 * s * s % longest);
  return lengths;
}

TEST(batch_pieces, every_token_once_and_sequences_whole) {
  batch_pieces pieces;  // one for all: nothing is left of the cuts before
  for (auto const& lengths :
       {mixed(1, 1), mixed(1, 5000), mixed(3, 40), mixed(10, 10), mixed(1000, 10), mixed(5000, 300),
        std::vector<std::int64_t>(1000, 10), std::vector<std::int64_t>{1, 1, 1, 2000, 1, 1},
        std::vector<std::int64_t>{2000, 1, 1}, std::vector<std::int64_t>{1, 1, 2000}}) {
    for (bool const whole : {false, true}) {
      auto const offsets = offsets_of(lengths);
      pieces.cut(offsets, whole);
      std::int64_t token = 0, number = 0, largest = 0;
      std::size_t sequence = 0;
      for (std::int64_t k = 0; k < pieces.count(); ++k) {
        ASSERT_FALSE(pieces[k].empty());
        for (auto const& chunk : pieces[k]) {
          ASSERT_EQ(chunk.number, number++);
          ASSERT_EQ(chunk.first, token);
          ASSERT_EQ(chunk.offsets[0], 0);
          for (std::ptrdiff_t s = 0; s + 1 < chunk.offsets.size(); ++s, ++sequence) {
            ASSERT_EQ(chunk.offsets[s + 1] - chunk.offsets[s], lengths.at(sequence));
            for (std::int64_t t = chunk.offsets[s]; t < chunk.offsets[s + 1]; ++t) {
              ASSERT_EQ(chunk.positions[t], t - chunk.offsets[s]);
            }
          }
          ASSERT_EQ(chunk.offsets[chunk.offsets.size() - 1], chunk.tokens);
          ASSERT_EQ(chunk.positions.size(), chunk.tokens);
          token += chunk.tokens;
          largest = std::max(largest, chunk.tokens);
        }
      }
      EXPECT_EQ(token, offsets.back());
      EXPECT_EQ(sequence, lengths.size());
      EXPECT_EQ(pieces.largest_chunk(), largest);
      if (whole) {
        EXPECT_EQ(number, 1);
      }
    }
  }
}

// 1000 x 10 tokens: 40 chunks of 25 sequences in 16 pieces of 2 or 3. 10 x 10 tokens: chunks of at least 32 tokens, that is
// 4 of 2 or 3 sequences, each a piece.
TEST(batch_pieces, sizes) {
  batch_pieces pieces;
  pieces.cut(offsets_of(std::vector<std::int64_t>(1000, 10)), false);
  EXPECT_EQ(pieces.count(), 16);
  EXPECT_EQ(pieces.largest_chunk(), 250);
  for (std::int64_t k = 0; k < pieces.count(); ++k) {
    EXPECT_GE(pieces[k].size(), 2u);
    EXPECT_LE(pieces[k].size(), 3u);
  }
  pieces.cut(offsets_of(std::vector<std::int64_t>(10, 10)), false);
  EXPECT_EQ(pieces.count(), 4);
  EXPECT_EQ(pieces.largest_chunk(), 30);
}

}  // namespace
