// The Bradley-Terry model: who beats whom with what probability, and the strengths that explain given
// outcomes best. SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "poft/preference/scores.hpp"
#include "poft/preference/strength_fit.hpp"
#include "poft/preference/win_graph.hpp"
#include "poft/scalar/functions.hpp"  // abs, max, sigmoid, softplus

namespace poft::preference {

/// Bradley and Terry 1952, "Rank analysis of incomplete block designs": P(i beats j) = e^s_i / (e^s_i +
/// e^s_j), with scores s in log-odds. Reward models and DPO take it over with s = reward.
template <std::floating_point T>
T win_probability(T score, T other_score) {
  return sigmoid(score - other_score);
}

/// `count` games (or a fraction of one: a draw is half a win each) that `winner` won against `loser`.
struct comparison {
  std::size_t winner = 0, loser = 0;
  double count = 1;
};

inline void require_valid(char const* operation, std::span<comparison const> outcomes, std::size_t items) {
  for (std::size_t k = 0; k < outcomes.size(); ++k) {
    comparison const& c = outcomes[k];
    if (c.winner >= items || c.loser >= items)
      throw value_error(message(operation, ": comparison ", k, " is between items ", c.winner, " and ",
                                c.loser, ", expected indices below ", items));
    if (c.winner == c.loser)
      throw value_error(message(operation, ": comparison ", k, " sets item ", c.winner,
                                " against itself, expected two different items"));
    if (!(c.count >= 0) || !std::isfinite(c.count))
      throw value_error(message(operation, ": comparison ", k, " has count ", c.count, ", expected >= 0"));
  }
}

/// sum_k count_k log sigmoid(s_winner - s_loser), and its derivatives in the strengths.
struct bradley_terry_likelihood {
  std::span<comparison const> outcomes;

  static double log_probability(double margin) { return -softplus(-margin); }

  void add_derivatives(std::span<double const> strength, strength_derivatives& sum) const {
    for (comparison const& c : outcomes) {
      double const margin = strength[c.winner] - strength[c.loser];
      double const upset  = sigmoid(-margin);  // not 1 - sigmoid(margin): exact when small
      sum.log_likelihood += c.count * log_probability(margin);
      sum.push(c.winner, c.loser, c.count * upset);
      sum.couple(c.winner, c.loser, c.count * upset * sigmoid(margin));
    }
  }
  double spread(std::span<double const> direction) const {
    double widest = 0;
    for (comparison const& c : outcomes) widest = max(widest, abs(direction[c.winner] - direction[c.loser]));
    return widest;
  }
};

/// Log-likelihood of a sparse list of outcomes; strength [items].
template <score_range Strengths>
double log_likelihood(Strengths const& strengths, std::span<comparison const> outcomes) {
  auto const strength = require::finite("log_likelihood", "strength", strengths);
  require_valid("log_likelihood", outcomes, strength.size());
  double sum = 0;
  for (comparison const& c : outcomes)
    sum += c.count *
           bradley_terry_likelihood::log_probability(double(strength[c.winner]) - double(strength[c.loser]));
  return sum;
}

/// Maximum-likelihood strengths, or with prior_precision lambda > 0 the maximum of the posterior under
/// independent Gaussians N(0, 1/lambda). The order of the outcomes and how games are split over entries do
/// not matter. Throws value_error for bad outcomes, convergence_error naming two items where no finite
/// solution exists.
inline strength_fit fit_bradley_terry(std::size_t items, std::span<comparison const> outcomes,
                                      fit_options const& options = {}) {
  constexpr char const* operation = "fit_bradley_terry";
  require_valid(operation, items, options);
  require_valid(operation, outcomes, items);
  if (options.prior_precision == 0) {
    win_graph graph(items);
    for (comparison const& c : outcomes)
      if (c.count > 0) graph.add(c.winner, c.loser);
    graph.require_finite_strengths(operation);
  }
  return fit_strengths(operation, bradley_terry_likelihood{outcomes}, items, options);
}

/// The same from a dense matrix: wins [items, items] row-major, wins[i, j] = times i beat j, diagonal zero.
template <score_range Wins>
strength_fit fit_bradley_terry(std::size_t items, Wins const& wins, fit_options const& options = {}) {
  std::span<element_of_range<Wins> const> const won(wins);
  if (won.size() != items * items)
    throw shape_error(message("fit_bradley_terry: the win matrix has ", won.size(), " elements, expected ",
                              items, " x ", items));
  std::vector<comparison> outcomes;
  for (std::size_t winner = 0; winner < items; ++winner)
    for (std::size_t loser = 0; loser < items; ++loser)
      if (double const count = won[winner * items + loser]; count != 0)
        outcomes.push_back({winner, loser, count});
  return fit_bradley_terry(items, std::span<comparison const>(outcomes), options);
}

}  // namespace poft::preference
