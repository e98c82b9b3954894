// The candidates of token-level unlikelihood: what the sequence has said before.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <iterator>
#include <limits>
#include <vector>

#include "poft/head/token_batch.hpp"

namespace poft {

/// Candidates with memory of their own.
template <class Index>
struct token_candidate_lists {
  std::vector<Index> targets;               // [candidates]
  std::vector<std::int64_t> offsets = {0};  // [tokens + 1]

  /// As a head takes them; valid while this object lives.
  token_candidates<Index> spans() const { return {targets, offsets}; }
};

/// Welleck et al. 2020, arXiv:1908.04319, eq. 5: the candidates of place t are { x_0, ..., x_{t-1} } \ { x_t }, the earlier
/// targets of the same sequence, each once, in the order in which they first appear. Masked rows have no candidates, and
/// their targets are none: the authors train on whole texts, here a prompt's tokens may be said again. As many numbers as
/// the lists have, up to time^2 / 2 for a sequence of `time` different tokens. Throws as require_valid.
template <class Index>
token_candidate_lists<Index> earlier_targets(token_batch<Index> const& batch) {
  require_valid("earlier_targets", batch, batch.tokens(), std::numeric_limits<Index>::max());
  token_candidate_lists<Index> out;
  std::vector<Index> said;
  for (std::size_t s = 0; s + 1 < batch.offsets.size(); ++s) {
    said.clear();
    for (auto t = batch.offsets[s]; t < batch.offsets[s + 1]; ++t) {
      if (batch.counts(t)) {
        auto const target = batch.targets[static_cast<std::size_t>(t)];
        std::remove_copy(said.begin(), said.end(), std::back_inserter(out.targets), target);
        if (std::find(said.begin(), said.end(), target) == said.end()) said.push_back(target);
      }
      out.offsets.push_back(static_cast<std::int64_t>(out.targets.size()));
    }
  }
  return out;
}

}  // namespace poft
