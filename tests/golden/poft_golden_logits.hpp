// A case's logits [sequences, time, vocab] with targets and mask, and the whole of level 2 on them, in place.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "golden/poft_golden_batch.hpp"
#include "poft/head/logits.hpp"

namespace poft::golden {

using head = logits_head<eigen::backend, double>;

struct logits_case {
  std::size_t sequences, time, vocab;
  std::vector<double> logits;  // becomes its own gradient
  std::vector<std::int32_t> targets;
  std::vector<std::uint8_t> mask;
  std::vector<std::int64_t> offsets{0};

  explicit logits_case(golden_case& c)
      : sequences(c.shape("logits").at(0)),
        time(c.shape("logits").at(1)),
        vocab(c.shape("logits").at(2)),
        logits(c.input("logits")),
        targets(c.integers<std::int32_t>("targets")),
        mask(c.integers<std::uint8_t>("mask")) {
    for (std::size_t s = 0; s < sequences; ++s) offsets.push_back(static_cast<std::int64_t>((s + 1) * time));
  }

  token_batch<std::int32_t> batch() const { return {.targets = targets, .offsets = offsets, .mask = mask}; }
  view<double, 2> rows() {
    return {logits.data(), static_cast<std::ptrdiff_t>(targets.size()), static_cast<std::ptrdiff_t>(vocab)};
  }
};

/// The spans that a term of the head takes: live members and token counts stay empty, the head fills them in.
template <class Objective>
auto frozen_spans(columns<Objective> const& in) {
  using batch = inputs_of<Objective, std::span<double const>>;
  batch out;
  batch::frozen::for_each_index([&]<int K>() { batch::frozen::template get<K>(out) = in.frozen_columns[K]; });
  return out;
}

}  // namespace poft::golden
