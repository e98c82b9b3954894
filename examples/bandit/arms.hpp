// The arms of the study: every experiment that a claim, a figure or a table of it needs.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "poft/bandit/experiment.hpp"

namespace study {

struct arm {
  std::string id;                      ///< learner.reward.how, in files and claims
  std::vector<std::string> studies{};  ///< b1 ... b7, sweep
  poft::bandit::experiment_settings settings;
  std::string tuned_for = "area";  ///< the column of summary.csv that tuning maximises
  std::string tuned_as{};          ///< the arm whose tuned settings it takes; empty: its own
  bool keep_parameter = false;     ///< tune, or take from tuned settings, the learning rate only
};

/// Seeds 1 ... are reported, seeds from here on serve for tuning only.
inline constexpr std::uint64_t first_tuning_seed = 1000001;

inline constexpr char const* study_names[] = {"b1", "b2", "b3", "b4", "b5", "b6", "b7"};

/// Every arm of the grid; full is the paper's grid, which contains the quick one.
std::vector<arm> grid(bool full);

/// The learning rates that every learner is tuned over; beside them its own parameter's grid.
inline constexpr double learning_rates[] = {3e-4, 1e-3, 3e-3, 1e-2};

}  // namespace study
