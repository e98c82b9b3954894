// Plackett-Luce: worked examples, golden likelihoods, agreement with Bradley-Terry, unsolvable rankings.
// SPDX-License-Identifier: MIT
#include "poft/preference/plackett_luce.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "poft/preference/bradley_terry.hpp"
#include "preference/expect_error.hpp"
#if __has_include(<nlohmann/json.hpp>)
#include "support/golden.hpp"
#endif

namespace {
using namespace poft::preference;

TEST(plackett_luce, log_likelihood_chooses_item_by_item) {
  // weights e^s = 3, 2, 1; order 1, 0, 2: (2/6) x (3/4) = 1/4, the last item is no choice
  std::vector<double> const strength{std::log(3.0), std::log(2.0), 0.0};
  EXPECT_NEAR(log_likelihood(strength, std::vector<ranking>{{{1, 0, 2}}}), std::log(0.25), 1e-15);
  // only the best known: 2/6, counted twice
  EXPECT_NEAR(log_likelihood(strength, std::vector<ranking>{{{1, 0, 2}, 1, 2}}), 2 * std::log(2.0 / 6),
              1e-15);
  // top = length is a full ranking
  EXPECT_NEAR(log_likelihood(strength, std::vector<ranking>{{{1, 0, 2}, 3}}), std::log(0.25), 1e-15);
  // one item alone tells nothing
  EXPECT_EQ(log_likelihood(strength, std::vector<ranking>{{{1}}}), 0.0);
}

TEST(plackett_luce, probabilities_of_all_orders_add_up_to_one) {
  std::vector<float> const strength{0.5f, -1.25f, 2.0f, 0.0f};
  std::vector<std::size_t> order{0, 1, 2, 3};
  double sum = 0;
  do sum += std::exp(log_likelihood(strength, std::vector<ranking>{{order}}));
  while (std::next_permutation(order.begin(), order.end()));
  EXPECT_NEAR(sum, 1, 1e-14);
}

TEST(plackett_luce, first_choices_give_log_shares) {
  // Always the same three items, chosen first 5, 3 and 2 times: strengths are log shares, centred.
  auto const fit =
      fit_plackett_luce(3, std::vector<ranking>{{{0, 1, 2}, 1, 5}, {{1, 0, 2}, 1, 3}, {{2, 1, 0}, 1, 2}});
  double const mean = (std::log(5.0) + std::log(3.0) + std::log(2.0)) / 3;
  EXPECT_NEAR(fit.strength[0], std::log(5.0) - mean, 1e-14);
  EXPECT_NEAR(fit.strength[1], std::log(3.0) - mean, 1e-14);
  EXPECT_NEAR(fit.strength[2], std::log(2.0) - mean, 1e-14);
  EXPECT_NEAR(fit.log_likelihood, 5 * std::log(0.5) + 3 * std::log(0.3) + 2 * std::log(0.2), 1e-13);
}

TEST(plackett_luce, standard_errors_of_all_six_orders) {
  // Strengths 0. First choice: each pair weighs 1/3 x 1/3 in 6 rankings; second choice: 1/4 in the 2 rankings
  // where the pair is left: 6/9 + 2/4 = 7/6. Eigenvalue 3 x 7/6 = 7/2, diagonal of the pseudo-inverse (2/3) /
  // (7/2) = 4/21.
  std::vector<ranking> rankings;
  std::vector<std::size_t> order{0, 1, 2};
  do rankings.push_back({order});
  while (std::next_permutation(order.begin(), order.end()));
  auto const fit = fit_plackett_luce(3, rankings);
  for (double const strength : fit.strength) EXPECT_NEAR(strength, 0, 1e-15);
  for (double const error : fit.standard_errors) EXPECT_NEAR(error, std::sqrt(4.0 / 21), 1e-14);
}

TEST(plackett_luce, rankings_of_two_are_comparisons) {
  std::vector<comparison> const games{{0, 1, 4}, {1, 2, 3}, {2, 0, 2}, {1, 0, 1}};
  std::vector<ranking> rankings;
  for (auto const& g : games) rankings.push_back({{g.winner, g.loser}, 0, g.count});
  for (double const lambda : {0.0, 0.5}) {
    auto const one = fit_bradley_terry(3, games, {.prior_precision = lambda});
    auto const two = fit_plackett_luce(3, rankings, {.prior_precision = lambda});
    EXPECT_NEAR(one.log_posterior, two.log_posterior, 1e-13);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(one.strength[i], two.strength[i], 1e-13);
      EXPECT_NEAR(one.standard_errors[i], two.standard_errors[i], 1e-13);
    }
  }
}

TEST(plackett_luce, the_fit_is_a_maximum) {
  std::vector<ranking> const rankings{{{0, 1, 2, 3}}, {{3, 1, 0}}, {{2, 3, 0, 1}, 2}, {{1, 2}, 0, 0.5}};
  auto const fit = fit_plackett_luce(4, rankings);
  EXPECT_LT(fit.max_abs_gradient, 1e-14);
  EXPECT_NEAR(log_likelihood(fit.strength, rankings), fit.log_likelihood, 1e-14);
  for (std::size_t i = 0; i < 4; ++i)
    for (double const step : {-1e-3, 1e-3}) {
      auto moved = fit.strength;
      moved[i] += step;
      EXPECT_LT(log_likelihood(moved, rankings), fit.log_likelihood);
    }
}

TEST(plackett_luce, extreme_strengths_stay_finite) {
  // 1e5 ahead: the favourite first costs nothing, last costs 2e5 (two choices against it)
  std::vector<double> const strength{1e5, 0.0, 0.0};
  EXPECT_NEAR(log_likelihood(strength, std::vector<ranking>{{{0, 1, 2}}}), std::log(0.5), 1e-15);
  EXPECT_EQ(log_likelihood(strength, std::vector<ranking>{{{1, 2, 0}}}), -2e5);
}

TEST(plackett_luce, names_two_items_where_no_finite_solution_exists) {
  // item 2 is always last
  expect_error<poft::convergence_error>(
      [] {
        fit_plackett_luce(3, std::vector<ranking>{{{0, 1, 2}}, {{1, 0, 2}}});
      },
      {"fit_plackett_luce", "from item 2 to item 0"});
  // behind the known places nobody has won
  expect_error<poft::convergence_error>(
      [] {
        fit_plackett_luce(3, std::vector<ranking>{{{0, 1, 2}, 1}, {{1, 0, 2}, 1}});
      },
      {"from item 2 to item 0"});
  expect_error<poft::convergence_error>(
      [] {
        fit_plackett_luce(3, std::vector<ranking>{{{0, 1}}, {{1, 0}}});
      },
      {"items 0 and 2", "not linked"});
}

TEST(plackett_luce, bad_input_is_named) {
  using poft::value_error;
  auto const fit = [](std::vector<ranking> const& rankings) { return fit_plackett_luce(3, rankings); };
  expect_error<value_error>(
      [&] {
        fit({{{0, 3}}});
      },
      {"fit_plackett_luce: ranking 0 holds item 3", "below 3"});
  expect_error<value_error>([&] { fit({{{0, 1}}, {{2, 1, 2}}}); }, {"ranking 1 holds item 2 twice"});
  expect_error<value_error>([&] { fit({{{0, 1, 2}, 4}}); }, {"ranking 0 has top 4", "3 items"});
  expect_error<value_error>([&] { fit({{{}}}); }, {"ranking 0 is empty"});
  expect_error<value_error>([&] { fit({{{0, 1}, 0, -1}}); }, {"ranking 0 has count -1"});
  expect_error<value_error>([&] { fit_plackett_luce(0, std::vector<ranking>{}); }, {"items is 0"});
  expect_error<value_error>(
      [&] {
        log_likelihood(std::vector{0.0, double(INFINITY)}, std::vector<ranking>{{{0, 1}}});
      },
      {"strength[1] is inf"});
}

#if __has_include(<nlohmann/json.hpp>)
void expect_golden_rankings(std::string const& objective) {
  for (auto const& one : golden::cases("E_reward_models", objective)) {
    std::size_t const rows = one["shapes"]["score"][0], items = one["shapes"]["score"][1];
    auto const score = golden::numbers(one["inputs"]["score"]);
    std::vector<double> loss;
    for (std::size_t row = 0; row < rows; ++row) {
      ranking order{{}, one["hyper"]["top_k"]};
      for (std::size_t k = 0; k < items; ++k)
        order.order.push_back(one["inputs"]["ranking"][row * items + k]);
      std::vector<double> const strength(score.begin() + long(row * items),
                                         score.begin() + long((row + 1) * items));
      loss.push_back(-log_likelihood(strength, std::vector<ranking>{order}));
    }
    golden::expect_close(loss, golden::numbers(one["outputs"]["loss"]), one["name"]);
  }
}
TEST(plackett_luce, golden_full_rankings) { expect_golden_rankings("plackett_luce"); }
TEST(plackett_luce, golden_first_places) { expect_golden_rankings("plackett_luce_topk"); }
#endif

}  // namespace
