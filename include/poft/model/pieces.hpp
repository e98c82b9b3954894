// How a ragged batch is cut: into chunks of whole sequences that go through the network together, and these into pieces.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "poft/core/view.hpp"

namespace poft {

/// Neighbouring sequences, few enough that what one layer leaves of them is still in a core's cache when the next comes.
struct sequence_chunk {
  std::ptrdiff_t number;               // among those of the batch
  std::ptrdiff_t first, tokens;        // its rows of the batch
  view<std::int64_t const> offsets;    // [sequences + 1], from 0
  view<std::int32_t const> positions;  // [tokens], each token's distance to the start of its sequence
};

/// The chunks of a batch, and its pieces: runs of chunks that one thread takes, one after the other, with memory of its own
/// for the gradient. All follow from the offsets, never from the number of threads.
class batch_pieces {
 public:
  static constexpr std::int64_t most_pieces = 16, least_tokens = 32, most_tokens = 256;

  /// offsets [sequences + 1], ascending from 0. `whole`: one chunk.
  void cut(view<std::int64_t const> offsets, bool whole) {
    std::ptrdiff_t const sequences = offsets.size() - 1;
    std::int64_t const tokens      = offsets[sequences];
    std::int64_t const wanted      = std::clamp(tokens / most_pieces, least_tokens, most_tokens);
    std::int64_t const most        = whole ? 1 : (tokens + wanted - 1) / wanted;

    chunks_.clear();
    offsets_.resize(static_cast<std::size_t>(sequences + most));
    positions_.resize(static_cast<std::size_t>(tokens));
    largest_chunk_      = 0;
    std::int64_t* to    = offsets_.data();
    auto const share_of = [&](std::ptrdiff_t s) { return offsets[s] * most / tokens; };
    for (std::ptrdiff_t s = 0; s < sequences;) {
      std::int64_t const first = offsets[s], share = share_of(s);
      std::int64_t* const start = to;
      *to++                     = 0;
      for (; s < sequences && share_of(s) == share; ++s) {
        for (std::int64_t t = offsets[s]; t < offsets[s + 1]; ++t) {
          positions_[static_cast<std::size_t>(t)] = static_cast<std::int32_t>(t - offsets[s]);
        }
        *to++ = offsets[s + 1] - first;
      }
      std::int64_t const count = to[-1];
      chunks_.push_back({static_cast<std::ptrdiff_t>(chunks_.size()),
                         first,
                         count,
                         {start, to - start},
                         {positions_.data() + first, count}});
      largest_chunk_ = std::max(largest_chunk_, count);
    }
  }

  std::int64_t count() const { return std::min(most_pieces, chunks()); }
  /// Those of all chunks, each of which looks at a part.
  view<std::int64_t const> offsets() const { return offsets_; }
  view<std::int32_t const> positions() const { return positions_; }
  /// Tokens of the largest chunk.
  std::ptrdiff_t largest_chunk() const { return largest_chunk_; }

  std::span<sequence_chunk const> operator[](std::int64_t piece) const {
    auto const start = [&](std::int64_t k) { return static_cast<std::size_t>(k * chunks() / count()); };
    return std::span(chunks_).subspan(start(piece), start(piece + 1) - start(piece));
  }

 private:
  std::int64_t chunks() const { return static_cast<std::int64_t>(chunks_.size()); }

  std::vector<sequence_chunk> chunks_;
  std::vector<std::int64_t> offsets_;
  std::vector<std::int32_t> positions_;
  std::ptrdiff_t largest_chunk_ = 0;
};

}  // namespace poft
