// The Plackett-Luce model of rankings: log-likelihood, and the strengths that explain given rankings best.
// The training objective of the same name, with its gradient, lives in objective/.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "poft/preference/scores.hpp"
#include "poft/preference/strength_fit.hpp"
#include "poft/preference/win_graph.hpp"
#include "poft/scalar/functions.hpp"  // exp, max, min, softplus

namespace poft::preference {

/// `count` observations of one order of different items, best first. Only the first `top` places are known:
/// the items after them were there to be chosen, in no known order. top = 0 (or the length): a full ranking.
struct ranking {
  std::vector<std::size_t> order;
  std::size_t top = 0;
  double count    = 1;

  /// Choices made: the last item of a full ranking is no choice.
  std::size_t choices() const { return top == 0 || top >= order.size() ? order.size() - 1 : top; }
};

inline void require_valid(char const* operation, std::span<ranking const> rankings, std::size_t items) {
  std::vector<std::size_t> seen_in(items, rankings.size());
  for (std::size_t k = 0; k < rankings.size(); ++k) {
    ranking const& r = rankings[k];
    if (r.order.empty())
      throw value_error(message(operation, ": ranking ", k, " is empty, expected at least one item"));
    if (r.top > r.order.size())
      throw value_error(message(operation, ": ranking ", k, " has top ", r.top, ", expected at most its ",
                                r.order.size(), " items"));
    if (!(r.count >= 0) || !std::isfinite(r.count))
      throw value_error(message(operation, ": ranking ", k, " has count ", r.count, ", expected >= 0"));
    for (std::size_t const item : r.order) {
      if (item >= items)
        throw value_error(
            message(operation, ": ranking ", k, " holds item ", item, ", expected indices below ", items));
      if (seen_in[item] == k)
        throw value_error(
            message(operation, ": ranking ", k, " holds item ", item, " twice, expected different items"));
      seen_in[item] = k;
    }
  }
}

/// Plackett 1975, "The analysis of permutations"; Luce 1959: the best item is chosen from all with
/// probability proportional to e^s, then the next from those left: log P = sum_{j < top} [s_(j) - log sum_{k
/// >= j} e^s_(k)].
struct plackett_luce_likelihood {
  std::span<ranking const> rankings;

  /// log sum of e^s over the places j, j+1, ...: running from the back, so O(length) for all. [length]
  template <class T>
  static std::vector<double> log_sums(ranking const& r, std::span<T const> strength) {
    std::vector<double> sums(r.order.size());
    sums.back() = strength[r.order.back()];
    for (std::size_t j = sums.size() - 1; j-- > 0;)
      sums[j] = sums[j + 1] + softplus(double(strength[r.order[j]]) - sums[j + 1]);
    return sums;
  }

  void add_derivatives(std::span<double const> strength, strength_derivatives& sum) const {
    for (ranking const& r : rankings) {
      auto const log_sum = log_sums(r, strength);
      std::vector<double> probability(r.order.size());
      for (std::size_t j = 0; j < r.choices(); ++j) {
        sum.log_likelihood += r.count * (strength[r.order[j]] - log_sum[j]);
        for (std::size_t k = j; k < r.order.size(); ++k)
          probability[k] = exp(strength[r.order[k]] - log_sum[j]);
        for (std::size_t k = j; k < r.order.size(); ++k) {
          if (k > j) sum.push(r.order[j], r.order[k], r.count * probability[k]);
          for (std::size_t l = j; l < k; ++l)
            sum.couple(r.order[k], r.order[l], r.count * probability[k] * probability[l]);
        }
      }
    }
  }
  double spread(std::span<double const> direction) const {
    double widest = 0;
    for (ranking const& r : rankings) {
      double low = direction[r.order[0]], high = low;
      for (std::size_t const item : r.order) {
        low  = min(low, direction[item]);
        high = max(high, direction[item]);
      }
      widest = max(widest, high - low);
    }
    return widest;
  }
};

/// Log-likelihood of rankings; strength [items].
template <score_range Strengths>
double log_likelihood(Strengths const& strengths, std::span<ranking const> rankings) {
  auto const strength = require::finite("log_likelihood", "strength", strengths);
  require_valid("log_likelihood", rankings, strength.size());
  double sum = 0;
  for (ranking const& r : rankings) {
    auto const log_sum = plackett_luce_likelihood::log_sums(r, strength);
    for (std::size_t j = 0; j < r.choices(); ++j) sum += r.count * (strength[r.order[j]] - log_sum[j]);
  }
  return sum;
}

/// Maximum-likelihood strengths (or maximum a posteriori, see fit_bradley_terry) from rankings, which may be
/// of different lengths and leave items out. Rankings of two are Bradley-Terry comparisons. Throws
/// value_error for bad rankings, convergence_error naming two items where no finite solution exists.
inline strength_fit fit_plackett_luce(std::size_t items, std::span<ranking const> rankings,
                                      fit_options const& options = {}) {
  constexpr char const* operation = "fit_plackett_luce";
  require_valid(operation, items, options);
  require_valid(operation, rankings, items);
  if (options.prior_precision == 0) {
    win_graph graph(items);
    for (ranking const& r : rankings)
      for (std::size_t j = 0; r.count > 0 && j < r.choices(); ++j)
        for (std::size_t k = j + 1; k < r.order.size(); ++k) graph.add(r.order[j], r.order[k]);
    graph.require_finite_strengths(operation);
  }
  return fit_strengths(operation, plackett_luce_likelihood{rankings}, items, options);
}

}  // namespace poft::preference
