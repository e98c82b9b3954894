// The data policy's exact bins, the rewards and their texts, contexts.
// SPDX-License-Identifier: MIT
#include "poft/bandit/environment.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "preference/expect_error.hpp"

namespace {

using namespace poft::bandit;

// 40-digit arithmetic: C(atanh(upper edge)) - C(atanh(lower edge)), C(x) = 1/2 + atan((x + 0.7) / 0.4) / pi.
TEST(environment, squashed_cauchy) {
  auto const p = squashed_cauchy();
  ASSERT_EQ(p.size(), 100u);
  EXPECT_NEAR(p[0], 0.078093515137696126, 1e-15);
  EXPECT_NEAR(p[16], 0.026810567164464315, 1e-15);
  EXPECT_NEAR(p[50], 0.0038353739274492039, 1e-15);
  EXPECT_NEAR(p[99], 0.042226407314662019, 1e-15);
  EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-14);
  // The interior peak lies left of tanh(-0.7) = -0.604 (bin 19): the density of a has the factor 1 / (1 - a^2).
  EXPECT_EQ(std::max_element(p.begin() + 1, p.end() - 1) - p.begin(), 16);
  require_probabilities(p, 100);
}

// R4(70) = 1, R4(80) = exp(-1), R5(40) = exp(-4), R2(0.45) = exp(-1).
TEST(environment, rewards) {
  EXPECT_EQ(parse_reward("R4")(70), 1);
  EXPECT_DOUBLE_EQ(parse_reward("R4")(80), std::exp(-1.0));
  EXPECT_DOUBLE_EQ(parse_reward("R5")(40), std::exp(-4.0));
  EXPECT_DOUBLE_EQ(parse_reward("R2")(0.45), std::exp(-1.0));
  EXPECT_EQ(parse_reward("R6"), parse_reward("R4"));  // of every token
  EXPECT_EQ(parse_reward("R7"), parse_reward("R5"));
  EXPECT_EQ(parse_reward("R8"), (peak_reward{70, 20}));
  EXPECT_EQ(parse_reward("R9"), (peak_reward{70, 30}));
  EXPECT_EQ(parse_reward("12.5:3e1"), (peak_reward{12.5, 30}));
}

TEST(environment, bad_rewards) {
  for (char const* text :
       {"", "70", "70:", ":10", "70:0", "70:-1", "70:10x", "nan:1", "inf:1", "R0", "70;10"}) {
    expect_error<poft::value_error>([&] { parse_reward(text); },
                                    {text, "expected peak:width with width > 0"});
  }
}

TEST(environment, bad_probabilities) {
  expect_error<poft::value_error>([] { require_probabilities({0.5, 0.4}); }, {"sum to 0.9", "expected 1"});
  expect_error<poft::value_error>(
      [] {
        require_probabilities({1.5, -0.5});
      },
      {"probability 1 is -0.5", "expected >= 0"});
  expect_error<poft::value_error>([] { require_probabilities({0.5, std::nan("")}); }, {"probability 1 is"});
  expect_error<poft::shape_error>(
      [] {
        require_probabilities({0.5, 0.5}, 100);
      },
      {"2 probabilities, expected 100"});
  expect_error<poft::shape_error>([] { require_probabilities({1}); }, {"1 probabilities"});
}

/// A policy that takes two numbers as context.
struct two_numbers {
  using context = float;
  std::ptrdiff_t context_width() const { return 2; }
  float draw_context(poft::random_stream& random) const { return random.uniform<float>(); }
};

TEST(environment, contexts_are_nested_and_differ_by_use) {
  auto const contexts = [](std::uint64_t seed, stream use, std::ptrdiff_t prompts) {
    return random_contexts(two_numbers{}, random_of(seed, use), prompts);
  };
  auto const few = contexts(3, stream::contexts, 2), many = contexts(3, stream::contexts, 5);
  ASSERT_EQ(few.size(), 4u);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  EXPECT_NE(few, contexts(3, stream::held_out, 2));
  EXPECT_NE(few, contexts(4, stream::contexts, 2));
  for (float const number : many) EXPECT_TRUE(number >= 0 && number < 1);
}

}  // namespace
