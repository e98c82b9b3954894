// Elo ratings: one online step on the Bradley-Terry log-likelihood per game.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

#include "poft/preference/scores.hpp"
#include "poft/scalar/functions.hpp"  // sigmoid

namespace poft::preference {

/// One game; score is 1 where `first` won, 0 where `second` won, 0.5 for a draw.
struct game {
  std::size_t first = 0, second = 0;
  double score = 1;
};

/// Elo 1978, "The rating of chessplayers, past and present": expected score E = 1 / (1 + 10^((R_b - R_a) /
/// scale)), update R_a += K (S - E), R_b -= K (S - E).
///
/// Bradley-Terry in other units: with strength s = R ln 10 / scale, E = sigmoid(s_a - s_b), and the update is
/// one gradient step of length K ln 10 / scale on the game's log-likelihood S log E + (1 - S) log(1 - E). Elo
/// forgets and depends on the order of games; fit_bradley_terry uses all games at once and does not.
struct elo {
  double k_factor = 32;    ///< K, in rating points
  double scale    = 400;   ///< rating points per factor of 10 in the odds
  double initial  = 1500;  ///< rating of a newcomer

  struct ratings {
    double first, second;
  };

  double strength(double rating) const { return (rating - initial) * (std::numbers::ln10 / scale); }
  double rating(double strength) const { return initial + strength * (scale / std::numbers::ln10); }

  double expected_score(double rating, double other_rating) const {
    return sigmoid(strength(rating) - strength(other_rating));
  }

  /// Both ratings after one game; their sum stays.
  ratings update(ratings before, double score) const {
    double const gain = k_factor * (score - expected_score(before.first, before.second));
    return {before.first + gain, before.second - gain};
  }
};

/// Ratings [items] after the games in their order, starting from elo.initial.
inline std::vector<double> rate_games(std::size_t items, std::span<game const> games,
                                      elo const& system = {}) {
  constexpr char const* operation = "rate_games";
  require::positive(operation, "k_factor", system.k_factor);
  require::positive(operation, "scale", system.scale);
  std::vector<double> rating(items, system.initial);
  for (std::size_t k = 0; k < games.size(); ++k) {
    game const& g = games[k];
    if (g.first >= items || g.second >= items || g.first == g.second)
      throw value_error(message(operation, ": game ", k, " is between items ", g.first, " and ", g.second,
                                ", expected two different indices below ", items));
    if (!(g.score >= 0 && g.score <= 1))
      throw value_error(message(operation, ": game ", k, " has score ", g.score, ", expected 0 to 1"));
    auto const after = system.update({rating[g.first], rating[g.second]}, g.score);
    rating[g.first]  = after.first;
    rating[g.second] = after.second;
  }
  return rating;
}

}  // namespace poft::preference
