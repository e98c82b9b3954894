// Elo: worked examples and the step on the Bradley-Terry likelihood that an update is.
// SPDX-License-Identifier: MIT
#include "poft/preference/elo.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "poft/preference/bradley_terry.hpp"
#include "preference/expect_error.hpp"

namespace {
using namespace poft::preference;

TEST(elo, four_hundred_points_are_odds_of_ten) {
  EXPECT_NEAR(elo{}.expected_score(1900, 1500), 10.0 / 11, 1e-15);
  EXPECT_NEAR(elo{}.expected_score(1500, 1900), 1.0 / 11, 1e-15);
  EXPECT_EQ(elo{}.expected_score(2000, 2000), 0.5);
}

TEST(elo, a_surprise_moves_more) {
  // 400 points ahead, K = 22: a win gains 22 x (1 - 10/11) = 2, a loss costs 22 x 10/11 = 20, a draw 22 x
  // (10/11 - 1/2) = 9
  elo const system{.k_factor = 22};
  EXPECT_NEAR(system.update({1900, 1500}, 1).first, 1902, 1e-12);
  EXPECT_NEAR(system.update({1900, 1500}, 1).second, 1498, 1e-12);
  EXPECT_NEAR(system.update({1900, 1500}, 0).first, 1880, 1e-12);
  EXPECT_NEAR(system.update({1900, 1500}, 0.5).second, 1509, 1e-12);
}

TEST(elo, a_sequence_of_games) {
  // K = 32. Game 1 between equals: +-16. Game 2: item 1 (1484) beats item 2 (1500): E = 1/(1 + 10^(16/400)).
  double const expected = 1 / (1 + std::pow(10, 16.0 / 400));
  auto const rating     = rate_games(3, std::vector<game>{{0, 1, 1}, {1, 2, 1}});
  EXPECT_NEAR(rating[0], 1516, 1e-12);
  EXPECT_NEAR(rating[1], 1484 + 32 * (1 - expected), 1e-12);
  EXPECT_NEAR(rating[2], 1500 - 32 * (1 - expected), 1e-12);
}

TEST(elo, expected_score_is_the_win_probability_of_its_strengths) {
  elo const system{.scale = 250, .initial = 1000};
  EXPECT_DOUBLE_EQ(system.expected_score(1130, 870),
                   win_probability(system.strength(1130), system.strength(870)));
  EXPECT_NEAR(system.rating(system.strength(1234.5)), 1234.5, 1e-12);
  EXPECT_EQ(system.strength(1000), 0.0);
}

TEST(elo, an_update_is_a_gradient_step_on_the_likelihood) {
  elo const system;
  double const a = 1600, b = 1450, step = 1e-4;
  // central difference of log P(a wins) in the strength of a
  auto const log_win = [&](double shift) {
    return log_likelihood(std::vector{system.strength(a) + shift, system.strength(b)},
                          std::vector<comparison>{{0, 1}});
  };
  double const slope = (log_win(step) - log_win(-step)) / (2 * step);
  double const gain  = system.strength(system.update({a, b}, 1).first) - system.strength(a);
  EXPECT_NEAR(gain, system.k_factor * std::log(10.0) / system.scale * slope, 1e-9);
}

TEST(elo, bad_input_is_named) {
  using poft::value_error;
  auto const play = [](game const& one, elo const& system = {}) {
    return rate_games(2, std::vector<game>{one}, system);
  };
  expect_error<value_error>([&] { play({0, 2}); }, {"rate_games: game 0", "0 and 2", "below 2"});
  expect_error<value_error>([&] { play({1, 1}); }, {"game 0", "1 and 1"});
  expect_error<value_error>([&] { play({0, 1, 1.5}); }, {"game 0 has score 1.5"});
  expect_error<value_error>([&] { play({0, 1, NAN}); }, {"score nan"});
  expect_error<value_error>([&] { play({0, 1}, {.k_factor = 0}); }, {"k_factor is 0"});
  expect_error<value_error>([&] { play({0, 1}, {.scale = -400}); }, {"scale is -400"});
}

}  // namespace
