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
  std::span<Index const> targets;             // [tokens] int32 or int64
  std::span<std::int64_t const> offsets;      // [sequences + 1], ascending from 0 to tokens
  std::span<std::uint8_t const> mask = {};    // [tokens], 0: the row counts for nothing (prompt); empty: all count
  Index ignore_index                 = -100;  // a target of this value is masked too

  std::int64_t tokens() const { return static_cast<std::int64_t>(targets.size()); }
  std::int64_t sequences() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  bool counts(std::int64_t token) const {
    auto const t = static_cast<std::size_t>(token);
    return targets[t] != ignore_index && (mask.empty() || mask[t] != 0);
  }
};

/// Throws where the batch contradicts itself or the logits.
template <class Index>
void require_valid(char const* operation, token_batch<Index> const& batch, std::int64_t rows, std::int64_t vocab) {
  auto const tokens = batch.tokens();
  if (rows != tokens) {
    throw shape_error(message(operation, ": logits have ", rows, " rows, targets ", tokens, "; expected one row per target"));
  }
  if (!batch.mask.empty() && batch.mask.size() != batch.targets.size()) {
    throw shape_error(message(operation, ": mask has ", batch.mask.size(), " elements, targets ", tokens));
  }
  if (batch.offsets.empty()) throw shape_error(message(operation, ": offsets are empty, expected sequences + 1 numbers"));
  if (batch.offsets.front() != 0) {
    throw value_error(message(operation, ": offsets[0] is ", batch.offsets.front(), ", expected 0"));
  }
  for (std::size_t s = 1; s < batch.offsets.size(); ++s) {
    if (batch.offsets[s] < batch.offsets[s - 1]) {
      throw value_error(message(operation, ": offsets[", s, "] is ", batch.offsets[s], " after ", batch.offsets[s - 1],
                                "; offsets must ascend"));
    }
  }
  if (batch.offsets.back() != tokens) {
    throw shape_error(message(operation, ": the last offset is ", batch.offsets.back(), ", expected the number of targets, ",
                              tokens));
  }
  for (std::int64_t t = 0; t < tokens; ++t) {
    auto const target = batch.targets[static_cast<std::size_t>(t)];
    if (batch.counts(t) && (target < 0 || target >= vocab)) {
      throw value_error(message(operation, ": targets[", t, "] is ", target, ", expected 0 .. ", vocab - 1,
                                " or the ignore index ", batch.ignore_index));
    }
  }
}

}  // namespace poft
