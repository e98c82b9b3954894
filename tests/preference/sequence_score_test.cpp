// Sequence scores: worked examples, masks, ragged batches, errors that name the sample.
// SPDX-License-Identifier: MIT
#include "poft/preference/sequence_score.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "preference/expect_error.hpp"

namespace {
using namespace poft::preference;
using doubles = std::vector<double>;
using offsets = std::vector<std::size_t>;

TEST(sequence_score, sum_and_tokens_together) {
  auto const score = score_sequence(doubles{-1, -2, -4.5});
  EXPECT_EQ(score.sum, -7.5);
  EXPECT_EQ(score.tokens, 3);
  EXPECT_EQ(score.mean(), -2.5);
}

TEST(sequence_score, masked_tokens_do_not_count_whatever_they_hold) {
  auto const score = score_sequence(doubles{-1, NAN, -3}, std::array{true, false, true});
  EXPECT_EQ(score.sum, -4);
  EXPECT_EQ(score.tokens, 2);
  EXPECT_EQ(score_sequence(doubles{-1, NAN, -3}, std::vector<int>{1, 0, 1}).sum, -4);
  EXPECT_EQ(score_sequence(doubles{-1, NAN, -3}, std::vector<float>{1, 0, 1}).sum, -4);
}

TEST(sequence_score, an_impossible_token_makes_an_impossible_sequence) {
  EXPECT_EQ(score_sequence(doubles{-1, -INFINITY}).sum, -INFINITY);
}

TEST(sequence_score, floats_are_summed_in_double) {
  // 1024 ones behind 2^24: each is lost when added in float
  std::vector<float> log_prob(1025, -1.0f);
  log_prob[0] = -16777216.0f;
  EXPECT_EQ(score_sequence(log_prob).sum, -16778240.0f);
}

TEST(sequence_score, ragged_equals_one_by_one) {
  doubles const log_prob{-1, -2, -3, -4, -5};
  std::vector<unsigned char> const mask{1, 1, 0, 1, 1};
  auto const scores = score_sequences(log_prob, offsets{0, 2, 5}, mask);
  ASSERT_EQ(scores.size(), 2u);
  EXPECT_EQ(scores[0].sum, -3);
  EXPECT_EQ(scores[1].sum, -9);
  EXPECT_EQ(scores[1].tokens, 2);
  EXPECT_EQ(score_sequences(log_prob, offsets{0, 2, 5})[1].sum, -12);
}

TEST(sequence_score, cutting_a_sequence_adds_up) {
  doubles const log_prob{-0.25, -1.5, -3, -0.125};
  auto const whole = score_sequence(log_prob);
  auto const parts = score_sequences(log_prob, offsets{0, 1, 4});
  EXPECT_EQ(parts[0].sum + parts[1].sum, whole.sum);
  EXPECT_EQ(parts[0].tokens + parts[1].tokens, whole.tokens);
}

TEST(sequence_score, from_mean_is_one_token) {
  EXPECT_EQ(from_mean(-1.25).sum, -1.25);
  EXPECT_EQ(from_mean(-1.25).tokens, 1);
  EXPECT_EQ(from_mean(-1.25f).mean(), -1.25f);
}

TEST(sequence_score, bad_input_is_named) {
  using poft::shape_error, poft::value_error;
  expect_error<value_error>([] { score_sequence(doubles{}, std::span<bool const>{}, 7); },
                            {"sample 7", "0 scored tokens"});
  expect_error<value_error>(
      [] {
        score_sequence(doubles{-1, -1}, std::array{false, false}, 4);
      },
      {"sample 4", "0 scored"});
  expect_error<value_error>([] { score_sequence(doubles{-1, NAN}); }, {"sample 0, token 1", "nan"});
  expect_error<value_error>([] { score_sequence(doubles{INFINITY}); }, {"token 0", "inf"});
  expect_error<shape_error>(
      [] {
        score_sequence(doubles{-1, -1}, std::array{true});
      },
      {"token_log_prob has 2", "mask has 1"});
  expect_error<value_error>(
      [] {
        score_sequences(doubles{-1, -1}, offsets{0, 1, 1, 2});
      },
      {"sample 1 has 0 scored tokens"});
  expect_error<value_error>(
      [] {
        score_sequences(doubles{-1, -1, NAN}, offsets{0, 1, 3});
      },
      {"sample 1, token 1", "nan"});
  expect_error<shape_error>(
      [] {
        score_sequences(doubles{-1, -1, -1}, offsets{0, 2, 1, 3});
      },
      {"offsets[2] is 1 after 2"});
  expect_error<shape_error>(
      [] {
        score_sequences(doubles{-1, -1, -1}, offsets{0, 9, 3});
      },
      {"offsets[1] is 9"});
  expect_error<shape_error>([] { score_sequences(doubles{-1, -1}, offsets{0, 1}); }, {"0 to the 2 tokens"});
  expect_error<shape_error>([] { score_sequences(doubles{-1}, offsets{}); }, {"offsets of 0"});
  expect_error<value_error>([] { from_mean(double(NAN)); }, {"from_mean", "nan"});
}

}  // namespace
