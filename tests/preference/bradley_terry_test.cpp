// Bradley-Terry: worked examples, golden fits, invariances, and the tournaments that have no finite solution.
// SPDX-License-Identifier: MIT
#include "poft/preference/bradley_terry.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "preference/expect_error.hpp"
#if __has_include(<nlohmann/json.hpp>)
#include "support/golden.hpp"
#endif

namespace {
using namespace poft::preference;

TEST(bradley_terry, win_probability_is_the_logistic_of_the_difference) {
  // odds e^(log 3 - 0) = 3 : 1
  EXPECT_DOUBLE_EQ(win_probability(std::log(3.0), 0.0), 0.75);
  EXPECT_DOUBLE_EQ(win_probability(0.0, std::log(3.0)), 0.25);
  EXPECT_FLOAT_EQ(win_probability(2.5f, 2.5f), 0.5f);
  // e^-800 underflows in neither direction to NaN
  EXPECT_EQ(win_probability(800.0, 0.0), 1.0);
  EXPECT_EQ(win_probability(-1e5, 1e5), 0.0);
}

TEST(bradley_terry, log_likelihood_counts_every_game) {
  // odds 3 : 1; three wins of the stronger and one of the weaker: 3 log(3/4) + log(1/4)
  std::vector<double> const strength{std::log(3.0), 0.0};
  std::vector<comparison> const outcomes{{0, 1, 3}, {1, 0}};
  EXPECT_NEAR(log_likelihood(strength, outcomes), 3 * std::log(0.75) + std::log(0.25), 1e-15);
  std::vector<float> const in_float{0.5f, 0.5f};
  EXPECT_NEAR(log_likelihood(in_float, outcomes), 4 * std::log(0.5), 1e-15);
}

TEST(bradley_terry, two_items_have_a_closed_form) {
  // Item 0 wins 6 of 8: difference = log(6/2), centred to +-log(3)/2. Its variance is 1/6 + 1/2 = 2/3,
  // so each centred strength has standard error sqrt(2/3)/2.
  std::vector<comparison> const outcomes{{0, 1, 6}, {1, 0, 2}};
  auto const fit = fit_bradley_terry(2, outcomes);
  EXPECT_NEAR(fit.strength[0], std::log(3.0) / 2, 1e-15);
  EXPECT_NEAR(fit.strength[1], -std::log(3.0) / 2, 1e-15);
  EXPECT_NEAR(fit.standard_errors[0], std::sqrt(2.0 / 3) / 2, 1e-14);
  EXPECT_NEAR(fit.standard_errors[1], std::sqrt(2.0 / 3) / 2, 1e-14);
  EXPECT_NEAR(fit.log_likelihood, 6 * std::log(0.75) + 2 * std::log(0.25), 1e-14);
  EXPECT_EQ(fit.log_posterior, fit.log_likelihood);
  EXPECT_LT(fit.max_abs_gradient, 1e-14);
}

TEST(bradley_terry, standard_errors_of_a_balanced_round_robin) {
  // Three items, each pair 1 : 1. Information: pairs weigh 2 games x 1/2 x 1/2 = 1/2; the Laplacian's
  // eigenvalue on centred strengths is 3 x 1/2, its pseudo-inverse has the diagonal (1 - 1/3) / (3/2) = 4/9.
  auto const fit = fit_bradley_terry(3, std::vector<double>{0, 1, 1, 1, 0, 1, 1, 1, 0});
  for (double const strength : fit.strength) EXPECT_NEAR(strength, 0, 1e-15);
  for (double const error : fit.standard_errors) EXPECT_NEAR(error, 2.0 / 3, 1e-14);
}

TEST(bradley_terry, lopsided_counts_reach_full_precision) {
  // 10^9 wins against 1: difference = log(10^9), variance of the difference 10^-9 + 1
  std::vector<comparison> const outcomes{{0, 1, 1e9}, {1, 0, 1}};
  auto const fit = fit_bradley_terry(2, outcomes);
  EXPECT_NEAR(fit.strength[0], std::log(1e9) / 2, 1e-12);
  EXPECT_NEAR(fit.standard_errors[0], std::sqrt(1 + 1e-9) / 2, 1e-12);
}

TEST(bradley_terry, weak_links_between_strong_items_are_found) {
  // A cycle in which each item beats the next 1000 times and the last beats the first once. By symmetry all 5
  // steps are equal to d except the returning one, -5 d: stationary where 1000 sigmoid(-d) = sigmoid(5 d),
  // checked against that equation.
  std::vector<comparison> outcomes{{5, 0, 1}};
  for (std::size_t i = 0; i < 5; ++i) outcomes.push_back({i, i + 1, 1000});
  auto const fit = fit_bradley_terry(6, outcomes);
  double const d = fit.strength[0] - fit.strength[1];
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(fit.strength[i] - fit.strength[i + 1], d, 1e-12);
  EXPECT_NEAR(1000 / (1 + std::exp(d)), 1 / (1 + std::exp(-5 * d)), 1e-12);
}

TEST(bradley_terry, converges_where_full_newton_steps_diverge) {
  // Counts of 1 against 100 000 in both directions: undamped steps from 0 overshoot until the information
  // vanishes.
  std::vector<double> const wins{0, 0, 0, 0, 1,      /**/ 0, 0, 100000,      0,      0, /**/ 30, 0, 0,
                                 1, 0, 0, 1, 100000, 0,      0, /**/ 100000, 100000, 0, 1,       0};
  auto const fit = fit_bradley_terry(5, wins);
  // stationary: as many wins as expected, for every item
  for (std::size_t i = 0; i < 5; ++i) {
    double won = 0, expected = 0;
    for (std::size_t j = 0; j < 5; ++j) {
      won += wins[i * 5 + j];
      expected += (wins[i * 5 + j] + wins[j * 5 + i]) * win_probability(fit.strength[i], fit.strength[j]);
    }
    EXPECT_NEAR(won, expected, 1e-9) << i;
  }
}

TEST(bradley_terry, prior_pulls_towards_zero) {
  // 7 : 1 with strengths +-log(3)/2: gradient 7 x 1/4 - 1 x 3/4 = 1 = lambda log(3)/2 at lambda = 2 / log 3.
  // Information on centred strengths: 2 x (8 x 3/4 x 1/4) + lambda = 3 + lambda, so variance (1/2) / (3 +
  // lambda).
  double const lambda = 2 / std::log(3.0);
  auto const fit =
      fit_bradley_terry(2, std::vector<comparison>{{0, 1, 7}, {1, 0, 1}}, {.prior_precision = lambda});
  EXPECT_NEAR(fit.strength[0], std::log(3.0) / 2, 1e-14);
  EXPECT_NEAR(fit.standard_errors[0], std::sqrt(0.5 / (3 + lambda)), 1e-14);
  double const likelihood = 7 * std::log(0.75) + std::log(0.25);
  EXPECT_NEAR(fit.log_likelihood, likelihood, 1e-14);
  EXPECT_NEAR(fit.log_posterior, likelihood - lambda / 2 * 2 * std::pow(std::log(3.0) / 2, 2), 1e-14);
}

TEST(bradley_terry, map_tends_to_maximum_likelihood) {
  std::vector<double> const wins{0, 3, 1, 2, 0, 4, 5, 1, 0};
  auto const mle       = fit_bradley_terry(3, wins);
  double last_distance = 1e300;
  for (double const lambda : {1.0, 1e-2, 1e-4, 1e-6}) {
    auto const map  = fit_bradley_terry(3, wins, {.prior_precision = lambda});
    double distance = 0;
    for (std::size_t i = 0; i < 3; ++i)
      distance += std::fabs(map.strength[i] - mle.strength[i]) +
                  std::fabs(map.standard_errors[i] - mle.standard_errors[i]);
    EXPECT_LT(distance, last_distance / 10);
    last_distance = distance;
  }
  EXPECT_LT(last_distance, 1e-6);
}

TEST(bradley_terry, a_prior_makes_every_tournament_solvable) {
  auto const fit =
      fit_bradley_terry(4, std::vector<comparison>{{0, 1, 3}, {1, 2, 3}}, {.prior_precision = 1e-6});
  EXPECT_GT(fit.strength[0], fit.strength[1]);
  EXPECT_GT(fit.strength[1], fit.strength[2]);
  EXPECT_LT(fit.max_abs_gradient, 1e-12);
  // No games at all: zero strengths; centred prior variance (1 - 1/4) / lambda with lambda = 3.
  auto const idle = fit_bradley_terry(4, std::vector<comparison>{}, {.prior_precision = 3});
  EXPECT_EQ(idle.strength, std::vector<double>(4, 0.0));
  EXPECT_NEAR(idle.standard_errors[2], 0.5, 1e-14);
}

TEST(bradley_terry, splitting_and_reordering_games_changes_nothing) {
  std::vector<comparison> const whole{{0, 1, 4}, {1, 2, 3}, {2, 0, 2}, {1, 0, 1}};
  std::vector<comparison> const split{{2, 0}, {1, 2, 2},   {0, 1, 1.5}, {1, 0},
                                      {2, 0}, {0, 1, 2.5}, {1, 2},      {0, 2, 0}};
  auto const one = fit_bradley_terry(3, whole), other = fit_bradley_terry(3, split);
  auto const dense = fit_bradley_terry(3, std::vector<float>{0, 4, 0, 1, 0, 3, 2, 0, 0});
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(one.strength[i], other.strength[i], 1e-14);
    EXPECT_NEAR(one.strength[i], dense.strength[i], 1e-14);
    EXPECT_NEAR(one.standard_errors[i], other.standard_errors[i], 1e-14);
  }
}

TEST(bradley_terry, strengths_are_centred_and_follow_a_relabelling) {
  std::vector<double> const wins{0, 3, 1, 2, 0, 4, 5, 1, 0};
  auto const fit = fit_bradley_terry(3, wins);
  EXPECT_NEAR(fit.strength[0] + fit.strength[1] + fit.strength[2], 0, 1e-15);
  std::size_t const renamed[]{2, 0, 1};
  std::vector<double> wins_renamed(9);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) wins_renamed[renamed[i] * 3 + renamed[j]] = wins[i * 3 + j];
  auto const fit_renamed = fit_bradley_terry(3, wins_renamed);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(fit_renamed.strength[renamed[i]], fit.strength[i], 1e-14);
}

TEST(bradley_terry, only_differences_enter_the_likelihood) {
  std::vector<comparison> const outcomes{{0, 1, 3}, {1, 2, 2}, {2, 0, 1}};
  EXPECT_NEAR(log_likelihood(std::vector{0.25, -0.5, 1.0}, outcomes),
              log_likelihood(std::vector{8.25, 7.5, 9.0}, outcomes), 1e-14);
}

TEST(bradley_terry, names_two_items_where_no_finite_solution_exists) {
  using poft::convergence_error;
  // {0, 1} and {2, 3} never met
  expect_error<convergence_error>(
      [] {
        fit_bradley_terry(4, std::vector<comparison>{{0, 1}, {1, 0}, {2, 3}, {3, 2}});
      },
      {"fit_bradley_terry", "items 0 and 2", "not linked"});
  // item 2 never won
  expect_error<convergence_error>(
      [] {
        fit_bradley_terry(3, std::vector<comparison>{{0, 1}, {1, 0}, {1, 2}});
      },
      {"fit_bradley_terry", "from item 2 to item 0"});
  // item 2 never lost
  expect_error<convergence_error>(
      [] {
        fit_bradley_terry(3, std::vector<comparison>{{0, 1}, {1, 0}, {2, 1}});
      },
      {"fit_bradley_terry", "from item 0 to item 2"});
  // a win that counts 0 times is no win
  expect_error<convergence_error>(
      [] {
        fit_bradley_terry(2, std::vector<comparison>{{0, 1, 5}, {1, 0, 0}});
      },
      {"from item 1 to item 0"});
}

TEST(bradley_terry, says_when_it_does_not_converge) {
  expect_error<poft::convergence_error>(
      [] {
        fit_bradley_terry(2, std::vector<comparison>{{0, 1, 1e6}, {1, 0, 1}}, {.max_iterations = 2});
      },
      {"fit_bradley_terry: largest gradient is", "after 2 iterations"});
}

TEST(bradley_terry, bad_input_is_named) {
  using poft::shape_error, poft::value_error;
  auto const fit = [](std::vector<comparison> const& outcomes, fit_options const& options = {}) {
    return fit_bradley_terry(3, outcomes, options);
  };
  expect_error<value_error>(
      [&] {
        fit({{0, 3}});
      },
      {"fit_bradley_terry", "comparison 0", "0 and 3", "below 3"});
  expect_error<value_error>([&] { fit({{0, 1}, {2, 2}}); }, {"comparison 1", "item 2", "itself"});
  expect_error<value_error>([&] { fit({{0, 1, -2}}); }, {"comparison 0", "count -2"});
  expect_error<value_error>([&] { fit({{0, 1, NAN}}); }, {"comparison 0", "count nan"});
  expect_error<value_error>([&] { fit({}, {.prior_precision = -0.5}); }, {"prior_precision is -0.5"});
  expect_error<value_error>([&] { fit({}, {.max_iterations = 0}); }, {"max_iterations is 0"});
  expect_error<value_error>([&] { fit_bradley_terry(1, std::vector<comparison>{}); }, {"items is 1"});
  expect_error<shape_error>([&] { fit_bradley_terry(3, std::vector<double>(8)); }, {"8 elements", "3 x 3"});
  expect_error<value_error>(
      [&] {
        fit_bradley_terry(2, std::vector<double>{1, 1, 1, 0});
      },
      {"item 0", "itself"});
  expect_error<value_error>(
      [&] {
        log_likelihood(std::vector{0.0, double(NAN)}, std::vector<comparison>{{0, 1}});
      },
      {"log_likelihood", "strength[1] is nan"});
  expect_error<value_error>(
      [&] {
        log_likelihood(std::vector{0.0, 1.0}, std::vector<comparison>{{0, 2}});
      },
      {"0 and 2"});
}

#if __has_include(<nlohmann/json.hpp>)
void expect_golden_fits(std::string const& objective) {
  for (auto const& one : golden::cases("E_reward_models", objective)) {
    std::size_t const items = one["shapes"]["W"][0];
    double const lambda     = one["hyper"].value("lambda", 0.0);
    std::string const name  = one["name"];
    auto const fit =
        fit_bradley_terry(items, golden::numbers(one["inputs"]["W"]), {.prior_precision = lambda});
    auto const& want = one["outputs"];
    golden::expect_close(fit.strength, golden::numbers(want["log_strength"]), name + " log_strength");
    golden::expect_close({fit.log_likelihood}, {golden::number(want["log_likelihood"])},
                         name + " log_likelihood");
    golden::expect_close({fit.max_abs_gradient}, {golden::number(want["max_abs_gradient"])},
                         name + " max_abs_gradient");
    if (want.contains("log_posterior"))
      golden::expect_close({fit.log_posterior}, {golden::number(want["log_posterior"])},
                           name + " log_posterior");
  }
}
TEST(bradley_terry, golden_maximum_likelihood) { expect_golden_fits("bt_mle"); }
TEST(bradley_terry, golden_maximum_a_posteriori) { expect_golden_fits("bt_map"); }
#endif

}  // namespace
