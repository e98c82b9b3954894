// Tuning: SFT and PoFT on one grid of learning rates, PoFT's and DPO's beta besides, on seeds that are never reported.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "runner.hpp"
#include "study/tuned.hpp"

namespace text_study {

/// Tries the grid for every arm that has settings of its own, writes the best by final accuracy and keeps the file's other
/// arms. What it works with is in `folder`.
void tune(std::vector<arm> const& arms, int seeds, world const& in, int threads, fs::path const& folder,
          fs::path const& file);

/// Gives the arms their learning rate and beta; throws where the file has none for one of them.
void apply_tuned(std::vector<arm>& arms, study::tuned_arms const& tuned, fs::path const& file);

}  // namespace text_study
