// Who has beaten whom, and whether that is enough for finite maximum-likelihood strengths.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "poft/core/error.hpp"

namespace poft::preference {

/// Ford 1957, "Solution of a ranking problem from binary comparisons"; Hunter 2004, "MM algorithms for
/// generalized Bradley-Terry models", assumption 1: the likelihood has a (unique, centred) maximum if and
/// only if a chain of wins leads from every item to every other. Plackett-Luce needs the same, with "ranked
/// before" as a win.
class win_graph {
 public:
  explicit win_graph(std::size_t items) : beaten_(items), lost_to_(items) {}

  void add(std::size_t winner, std::size_t loser) {
    beaten_[winner].push_back(loser);
    lost_to_[loser].push_back(winner);
  }

  /// Throws convergence_error naming two items that show why no finite solution exists.
  void require_finite_strengths(char const* operation) const {
    auto const below   = reached_from_first({&beaten_});
    auto const above   = reached_from_first({&lost_to_});
    auto const related = reached_from_first({&beaten_, &lost_to_});
    for (std::size_t item = 0; item < beaten_.size(); ++item)
      if (!related[item])
        throw convergence_error(message(operation, ": no finite strengths exist, items 0 and ", item,
                                        " are not linked by any comparisons", remedy));
    for (std::size_t item = 0; item < beaten_.size(); ++item)
      if (!below[item] || !above[item])
        throw convergence_error(message(operation,
                                        ": no finite strengths exist, no chain of wins leads from item ",
                                        below[item] ? item : 0, " to item ", below[item] ? 0 : item, remedy));
  }

 private:
  using edges = std::vector<std::vector<std::size_t>>;
  static constexpr char const* remedy =
      "; expected a chain of wins from every item to every other, or prior_precision > 0";

  std::vector<bool> reached_from_first(std::vector<edges const*> const& ways) const {
    std::vector<bool> reached(beaten_.size(), false);
    std::vector<std::size_t> open{0};
    reached[0] = true;
    while (!open.empty()) {
      std::size_t const from = open.back();
      open.pop_back();
      for (edges const* way : ways)
        for (std::size_t const to : (*way)[from])
          if (!reached[to]) {
            reached[to] = true;
            open.push_back(to);
          }
    }
    return reached;
  }

  edges beaten_, lost_to_;  // [items][...]
};

}  // namespace poft::preference
