// Runs arms over seeds on several threads. A run is one thread's work, so results do not depend on how many there are.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "arms.hpp"
#include "poft/bandit/measurement.hpp"
#include "study/runs.hpp"

namespace study {

using run = run_of<arm, poft::bandit::measurement>;

/// Where networks compute. Sequences of tokens stay on the CPU.
enum class device { cpu, cuda };

/// Every arm with its seeds, in that order. Those that the journal holds are not repeated, and it gets every other one
/// as soon as it is finished, on a GPU all seeds of an arm together.
std::vector<run> run_all(std::string const& title, std::vector<arm> const& arms,
                         std::function<seed_range(arm const&)> const& seeds_of, int threads,
                         journal* finished = nullptr, device on = device::cpu);

}  // namespace study
