// Marks the tokens of repeated n-grams: what sequence-level unlikelihood pushes away.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "poft/core/view.hpp"

namespace poft::objective {

/// Welleck et al. 2020, arXiv:1908.04319, section 5.2: weight[t] = 1 where token t lies in an n-gram that
/// already began at an earlier place of the same sequence, else 0: the weights of `unlikelihood` on
/// sampled tokens. Their code leaves the last n-gram out; the definition does not. tokens, weight [time],
/// ngram > 0; weight is overwritten.
///
/// Two places that are a fixed distance apart repeat each other where `ngram` successive tokens agree, so
/// one walk per distance finds all: O(time^2), nothing is allocated.
template <class T>
POFT_FN void mark_repeated_ngrams(view<std::int32_t const> tokens, int ngram, view<T> weight) {
  std::ptrdiff_t const time = tokens.size();
  for (std::ptrdiff_t t = 0; t < time; ++t) weight[t] = T(0);
  for (std::ptrdiff_t distance = 1; distance < time; ++distance) {
    std::ptrdiff_t agreeing = 0;
    for (std::ptrdiff_t t = distance; t < time; ++t) {
      agreeing = tokens[t] == tokens[t - distance] ? agreeing + 1 : 0;
      if (agreeing < ngram) continue;
      // Later tokens of a long match are already marked by the match's earlier n-grams.
      for (std::ptrdiff_t back = agreeing == ngram ? ngram : 1; back > 0; --back) weight[t - back + 1] = T(1);
    }
  }
}

}  // namespace poft::objective
