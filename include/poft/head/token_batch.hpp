// Which rows of a logits matrix score which tokens of which sequence. Ragged: no padding exists, so none can leak.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

#include "poft/core/error.hpp"

namespace poft {

/// Row i of the logits scores targets[i]; the caller shifts: for a sequence x_0 .. x_T the model's output at position t
/// scores x_{t+1}, so targets of its rows 0 .. T-1 are x_1 .. x_T. Sequence s owns rows offsets[s] .. offsets[s+1]-1.
template <class Index>
struct token_batch {
  std::span<Index const> targets;         // [tokens] int32 or int64
  std::span<std::int64_t const> offsets;  // [sequences + 1], ascending from 0 to tokens
  std::span<std::uint8_t const> mask =
      {};                     // [tokens], 0: the row counts for nothing (prompt); empty: all count
  Index ignore_index = -100;  // a target of this value is masked too

  std::int64_t tokens() const { return static_cast<std::int64_t>(targets.size()); }
  std::int64_t sequences() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  bool counts(std::int64_t token) const {
    auto const t = static_cast<std::size_t>(token);
    return targets[t] != ignore_index && (mask.empty() || mask[t] != 0);
  }
};

/// Further targets of the rows, for objectives that push several items of a row down (unlikelihood): row i has
/// targets[offsets[i]] .. targets[offsets[i+1]-1], all different from each other and from the row's own target.
template <class Index>
struct token_candidates {
  std::span<Index const> targets;         // [candidates]
  std::span<std::int64_t const> offsets;  // [tokens + 1]
};

namespace detail {
template <class Index>
void require_in_vocabulary(char const* operation, std::span<Index const> targets, std::int64_t t,
                           std::int64_t vocab, Index ignore_index) {
  auto const target = targets[static_cast<std::size_t>(t)];
  if (target < 0 || target >= vocab) {
    throw value_error(message(operation, ": targets[", t, "] is ", target, ", expected 0 .. ", vocab - 1,
                              " or the ignore index ", ignore_index));
  }
}
}  // namespace detail

/// Throws where the batch contradicts itself or the logits.
template <class Index>
void require_valid(char const* operation, token_batch<Index> const& batch, std::int64_t rows,
                   std::int64_t vocab) {
  auto const tokens = batch.tokens();
  if (rows != tokens) {
    throw shape_error(message(operation, ": logits have ", rows, " rows, targets ", tokens,
                              "; expected one row per target"));
  }
  if (!batch.mask.empty() && batch.mask.size() != batch.targets.size()) {
    throw shape_error(message(operation, ": mask has ", batch.mask.size(), " elements, targets ", tokens));
  }
  if (batch.offsets.empty())
    throw shape_error(message(operation, ": offsets are empty, expected sequences + 1 numbers"));
  if (batch.offsets.front() != 0) {
    throw value_error(message(operation, ": offsets[0] is ", batch.offsets.front(), ", expected 0"));
  }
  for (std::size_t s = 1; s < batch.offsets.size(); ++s) {
    if (batch.offsets[s] < batch.offsets[s - 1]) {
      throw value_error(message(operation, ": offsets[", s, "] is ", batch.offsets[s], " after ",
                                batch.offsets[s - 1], "; offsets must ascend"));
    }
  }
  if (batch.offsets.back() != tokens) {
    throw shape_error(message(operation, ": the last offset is ", batch.offsets.back(),
                              ", expected the number of targets, ", tokens));
  }
  for (std::int64_t t = 0; t < tokens; ++t) {
    if (batch.counts(t))
      detail::require_in_vocabulary(operation, batch.targets, t, vocab, batch.ignore_index);
  }
}

/// Throws where candidates contradict their batch.
template <class Index>
void require_valid(char const* operation, token_candidates<Index> const& candidates,
                   token_batch<Index> const& batch, std::int64_t vocab) {
  auto const& offsets = candidates.offsets;
  if (static_cast<std::int64_t>(offsets.size()) != batch.tokens() + 1 || offsets.front() != 0 ||
      offsets.back() != static_cast<std::int64_t>(candidates.targets.size())) {
    throw shape_error(message(operation, ": candidates have ", offsets.size(), " offsets for ",
                              candidates.targets.size(), " targets; expected tokens + 1 = ",
                              batch.tokens() + 1, ", the first 0, the last the number of candidate targets"));
  }
  for (std::int64_t t = 0; t < batch.tokens(); ++t) {
    auto const first = offsets[static_cast<std::size_t>(t)], last = offsets[static_cast<std::size_t>(t) + 1];
    if (last < first)
      throw value_error(
          message(operation, ": candidate offsets fall from ", first, " to ", last, " at ", t + 1));
    for (auto k = first; k < last; ++k) {
      auto const target = candidates.targets[static_cast<std::size_t>(k)];
      detail::require_in_vocabulary(operation, candidates.targets, k, vocab, batch.ignore_index);
      bool twice = target == batch.targets[static_cast<std::size_t>(t)];
      for (auto j = first; j < k; ++j)
        twice = twice || target == candidates.targets[static_cast<std::size_t>(j)];
      if (twice) {
        throw value_error(message(operation, ": candidate ", k, " of row ", t, " is ", target,
                                  ", which the row has already; its targets must differ"));
      }
    }
  }
}

}  // namespace poft
