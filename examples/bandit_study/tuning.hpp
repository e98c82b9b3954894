// Tuning: every arm on one grid of learning rates and of its learner's own parameter, on seeds that are never reported.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "arms.hpp"
#include "study/tuned.hpp"

namespace study {

/// Tries the grid for every arm that has settings of its own and writes the best ones, keeping the file's other arms.
/// seeds: how many; 0: as many as the arm's world takes.
void tune(std::vector<arm> const& arms, int seeds, int threads, fs::path const& file);

/// Gives the arms their learning rate and parameter; throws where the file has none for one of them.
void apply_tuned(std::vector<arm>& arms, tuned_arms const& tuned, fs::path const& file);

}  // namespace study
