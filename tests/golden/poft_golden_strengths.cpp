// Strengths from comparisons and rankings: Bradley-Terry, Plackett-Luce, Elo.
// SPDX-License-Identifier: MIT
#include "golden/poft_golden_case.hpp"
#include "poft/preference/bradley_terry.hpp"
#include "poft/preference/elo.hpp"
#include "poft/preference/plackett_luce.hpp"

namespace poft::golden {
namespace {

void expect_fit(golden_case& c, preference::strength_fit const& fit) {
  c.expect("log_strength", fit.strength);
  c.expect("standard_error", fit.standard_errors);
  c.expect("log_likelihood", fit.log_likelihood);
  c.expect("log_posterior", fit.log_posterior);
  c.expect("max_abs_gradient", fit.max_abs_gradient);
}

void fit_matrix(golden_case& c) {
  auto const wins = c.input("W");
  expect_fit(
      c, preference::fit_bradley_terry(c.shape("W").at(0), wins, {.prior_precision = c.hyper("lambda", 0)}));
}

void fit_rankings(golden_case& c) {
  auto const items  = static_cast<std::size_t>(c.hyper("items"));
  auto const order  = c.integers<std::size_t>("rankings");
  auto const length = c.shape("rankings").at(1);
  preference::fit_options const options{.prior_precision = c.hyper("lambda", 0)};
  std::vector<preference::ranking> rankings;
  for (auto from = order.begin(); from != order.end(); from += static_cast<std::ptrdiff_t>(length))
    rankings.push_back({.order = {from, from + static_cast<std::ptrdiff_t>(length)}});
  expect_fit(c, preference::fit_plackett_luce(items, rankings, options));
  if (length != 2) return;  // of two items: comparisons
  std::vector<preference::comparison> outcomes;
  for (auto const& one : rankings) outcomes.push_back({.winner = one.order[0], .loser = one.order[1]});
  expect_fit(
      c, preference::fit_bradley_terry(items, std::span<preference::comparison const>(outcomes), options));
}

void rate(golden_case& c) {
  auto const items  = static_cast<std::size_t>(c.hyper("items"));
  auto const winner = c.integers<std::size_t>("winner"), loser = c.integers<std::size_t>("loser");
  preference::elo const system{
      .k_factor = c.hyper("k"), .scale = c.hyper("scale"), .initial = c.hyper("initial")};
  std::vector<preference::game> games;
  std::vector<double> ratings;
  for (std::size_t i = 0; i < winner.size(); ++i) {
    games.push_back({.first = winner[i], .second = loser.at(i), .score = 1});
    auto const after = preference::rate_games(items, games, system);
    ratings.insert(ratings.end(), after.begin(), after.end());
  }
  c.expect("rating", ratings);
}

}  // namespace

void add_strengths(checks& all) {
  all["bt_mle"]            = fit_matrix;
  all["bt_map"]            = fit_matrix;
  all["bt_standard_error"] = fit_rankings;
  all["plackett_luce_mle"] = fit_rankings;
  all["elo"]               = rate;
}

}  // namespace poft::golden
