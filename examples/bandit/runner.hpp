// Runs arms over seeds on several threads. A run is one thread's work, so results do not depend on how many there are.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arms.hpp"
#include "poft/bandit/measurement.hpp"

namespace study {

enum class policy_kind { categorical, gaussian, cauchy, tanh_gaussian, tanh_cauchy };
policy_kind policy_of(std::string const& name);

struct run {
  arm const* of      = nullptr;
  std::uint64_t seed = 0;
  std::vector<poft::bandit::measurement> history;
  std::int64_t skipped_prompts = 0;
};

/// Every arm with every seed, in that order.
std::vector<run> run_all(std::string const& title, std::vector<arm> const& arms,
                         std::vector<std::uint64_t> const& seeds, int threads,
                         policy_kind policy = policy_kind::categorical);

/// first, first + 1, ...
std::vector<std::uint64_t> seeds_from(std::uint64_t first, int count);

}  // namespace study
