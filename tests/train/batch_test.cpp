// Micro-batches: which row scores which token, what fits a model, and the order of the data.
// SPDX-License-Identifier: MIT
#include "poft/train/batch.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/refusal.hpp"
#include "train/two_pairs.hpp"

namespace poft {
namespace {

using poft_test::two_pairs;
using support::refusal;
using tokens  = std::vector<std::int32_t>;
using numbers = std::vector<std::int64_t>;

// 1 2 | 3: rows 1 2 score 2 3, of which 3 is the response; 1 2 | 4 5: rows 1 2 4 score 2 4 5.
TEST(Batch, RowsScoreTheTokenAfterTheirs) {
  micro_batch batch;
  batch.assign(two_pairs(), numbers{0}, last_token::left_out);
  EXPECT_EQ(batch.tokens, (tokens{1, 2, 1, 2, 4}));
  EXPECT_EQ(batch.targets, (tokens{2, 3, 2, 4, 5}));
  EXPECT_EQ(batch.mask, (std::vector<std::uint8_t>{0, 1, 0, 1, 1}));
  EXPECT_EQ(batch.offsets, (numbers{0, 2, 5}));
  EXPECT_EQ(batch.responses, (numbers{0, 1}));
  EXPECT_EQ(batch.first_sequence, (numbers{0, 2}));
  require_valid("test", batch.batch(), batch.rows(), 10);
}

// 1 | 3 4 5 6, of which 4 and 5 do not count: rows 1 3 4 5 score 3 4 5 6.
TEST(Batch, TokensThatDoNotCountAreReadAndNotScored) {
  dataset data;
  tokens const talk{3, 4, 5, 6};
  std::vector<std::uint8_t> const counts{1, 0, 0, 1};
  data.add(tokens{1}, std::vector<dataset::tokens>{talk}, std::vector<dataset::mask>{counts});
  micro_batch batch;
  batch.assign(data, numbers{0}, last_token::left_out);
  EXPECT_EQ(batch.tokens, (tokens{1, 3, 4, 5}));
  EXPECT_EQ(batch.targets, (tokens{3, 4, 5, 6}));
  EXPECT_EQ(batch.mask, (std::vector<std::uint8_t>{1, 0, 0, 1}));
}

TEST(Batch, TheLastTokenIsKeptWhereARewardIsRead) {
  micro_batch batch;
  batch.assign(two_pairs(), numbers{1, 0}, last_token::kept);
  EXPECT_EQ(batch.tokens, (tokens{6, 7, 8, 9, 6, 1, 1, 2, 3, 1, 2, 4, 5}));
  EXPECT_EQ(batch.mask, (std::vector<std::uint8_t>{1, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0}));
  EXPECT_EQ(batch.offsets, (numbers{0, 4, 6, 9, 13}));
  EXPECT_EQ(batch.responses, (numbers{2, 3, 0, 1}));
  EXPECT_EQ(batch.examples, (numbers{1, 0}));
  EXPECT_EQ(batch.first_sequence, (numbers{0, 2, 4}));
  batch.assign(two_pairs(), numbers{0}, last_token::left_out);
  EXPECT_EQ(batch.rows(), 5) << "nothing of the batch before stays";
}

TEST(Batch, WhatDoesNotFitTheModel) {
  transformer_config config = gpt_nano(10, 3);
  require_fits(two_pairs(), config,
               last_token::left_out);  // the longest sequence has 4 tokens, of which 3 are read
  EXPECT_EQ(refusal([&] { require_fits(two_pairs(), config, last_token::kept); }),
            "dataset: example 0, response 1: prompt and response have 4 tokens, expected at most 3");
  config.vocab = 9;
  EXPECT_EQ(refusal([&] { require_fits(two_pairs(), config, last_token::left_out); }),
            "dataset: example 1: response token 2 is 9, expected 0 .. 8");
  dataset negative;
  negative.add(tokens{0, -1}, {tokens{1}});
  EXPECT_EQ(refusal([&] { require_fits(negative, config, last_token::left_out); }),
            "dataset: example 0: prompt token 1 is -1, expected 0 .. 8");
}

TEST(Batch, EveryEpochVisitsEachExampleOnce) {
  data_order order(7, 42);
  std::set<numbers> epochs;
  for (int epoch = 0; epoch < 5; ++epoch) {
    auto visits = order.take(epoch * 7, 7);
    epochs.insert(visits);
    std::sort(visits.begin(), visits.end());
    EXPECT_EQ(visits, (numbers{0, 1, 2, 3, 4, 5, 6}));
  }
  EXPECT_EQ(epochs.size(), 5u) << "each epoch has its own order";
}

TEST(Batch, AVisitIsAFunctionOfItsNumber) {
  data_order forward(5, 1), backward(5, 1), other(5, 2);
  auto const all = forward.take(0, 20);
  for (std::int64_t k = 19; k >= 0; --k) EXPECT_EQ(backward.take(k, 1)[0], all[static_cast<std::size_t>(k)]);
  EXPECT_NE(other.take(0, 20), all);
  auto const across = forward.take(3, 4);
  EXPECT_TRUE(std::equal(across.begin(), across.end(), all.begin() + 3));
  EXPECT_THROW(data_order(0, 1), value_error);
}

TEST(Batch, PartsAreNeighboursOfNearlyEqualSize) {
  numbers const items{0, 1, 2, 3, 4, 5, 6};
  numbers joined;
  for (int part = 0; part < 3; ++part) {
    auto const one = part_of(std::span<std::int64_t const>(items), part, 3);
    EXPECT_GE(one.size(), 2u);
    EXPECT_LE(one.size(), 3u);
    joined.insert(joined.end(), one.begin(), one.end());
  }
  EXPECT_EQ(joined, items);
}

}  // namespace
}  // namespace poft
