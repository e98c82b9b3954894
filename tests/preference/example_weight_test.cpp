// WPO weights and LD-DPO sums: worked examples, limits, errors.
// SPDX-License-Identifier: MIT
#include "poft/preference/example_weight.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "preference/expect_error.hpp"

namespace {
using namespace poft::preference;
using doubles = std::vector<double>;

TEST(example_weight, wpo_compares_with_the_expected_probability) {
  // token 1: p = 1/2 of (1/2, 1/2): sum p^2 = 1/2, ratio 1. token 2: p = 1/4 of (3/4, 1/4): sum p^2 = 5/8,
  // ratio 2/5. geometric mean sqrt(1 x 2/5)
  doubles const log_prob{std::log(0.5), std::log(0.25)}, log_squares{std::log(0.5), std::log(0.625)};
  EXPECT_NEAR(wpo_weight(log_prob, log_squares), std::sqrt(0.4), 1e-15);
  EXPECT_NEAR(wpo_weight(log_prob, log_squares, std::array{false, true}), 0.4, 1e-15);
}

TEST(example_weight, wpo_of_the_uniform_policy_is_one) {
  doubles const uniform(5, -std::log(50257.0));  // p = sum p^2 = 1/V
  EXPECT_EQ(wpo_weight(uniform, uniform), 1.0);
}

TEST(example_weight, wpo_of_an_impossible_sequence_is_zero) {
  EXPECT_EQ(wpo_weight(doubles{-INFINITY, -1}, doubles{-1, -1}), 0.0);
}

TEST(example_weight, wpo_pair_is_the_product) {
  EXPECT_EQ(wpo_pair_weight(0.5, 0.25), 0.125);
  EXPECT_EQ(wpo_pair_weight(2, 3), 6);
  EXPECT_EQ(wpo_pair_weight(2, 3, 1), 1);
}

TEST(example_weight, length_desensitised_sum) {
  // shared -1 - 2, excess -4 - 8 taken half
  doubles const log_prob{-1, -2, -4, -8};
  EXPECT_EQ(length_desensitised_sum(log_prob, 2, 0.5), -9);
  EXPECT_EQ(length_desensitised_sum(log_prob, 2, 1), -15);
  EXPECT_EQ(length_desensitised_sum(log_prob, 2, 0), -3);
  EXPECT_EQ(length_desensitised_sum(log_prob, 4, 0.5), -15);
  EXPECT_EQ(length_desensitised_sum(doubles{-1, -INFINITY}, 1, 0), -1);
}

TEST(example_weight, the_shorter_response_is_whole) {
  auto const sums = length_desensitised_sums(doubles{-1, -2, -4}, doubles{-3}, 0.5);
  EXPECT_EQ(sums.chosen, -4);
  EXPECT_EQ(sums.rejected, -3);
}

TEST(example_weight, bad_input_is_named) {
  using poft::shape_error, poft::value_error;
  doubles const two{-1, -2}, one{-1};
  expect_error<shape_error>([&] { wpo_weight(two, one); }, {"wpo_weight", "token_log_prob has 2", "has 1"});
  expect_error<value_error>([&] { wpo_weight(doubles{}, doubles{}, std::span<bool const>{}, 3); },
                            {"sample 3", "0 scored"});
  expect_error<value_error>([&] { wpo_weight(doubles{NAN}, one); }, {"token 0", "nan"});
  expect_error<value_error>([&] { wpo_weight(one, doubles{-INFINITY}, std::span<bool const>{}, 2); },
                            {"sample 2", "-inf"});
  expect_error<value_error>([] { wpo_pair_weight(-1, 1); }, {"weight is -1"});
  expect_error<value_error>([] { wpo_pair_weight(1, 1, 0); }, {"max_weight is 0"});
  expect_error<value_error>([&] { length_desensitised_sum(two, 3, 0.5); }, {"shared_length is 3", "1 to 2"});
  expect_error<value_error>([&] { length_desensitised_sum(two, 0, 0.5); }, {"shared_length is 0"});
  expect_error<value_error>([&] { length_desensitised_sum(two, 1, 1.5); }, {"alpha is 1.5"});
  expect_error<value_error>(
      [&] {
        length_desensitised_sum(doubles{-1, NAN}, 1, 0.5);
      },
      {"token_log_prob[1] is nan"});
  expect_error<shape_error>([&] { length_desensitised_sums(two, doubles{}, 0.5); },
                            {"rejected_token_log_prob is empty"});
}

}  // namespace
