// The runs of an arm on a GPU.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "arms.hpp"
#include "poft/bandit/measurement.hpp"

namespace study {

using seed_histories = std::vector<std::vector<poft::bandit::measurement>>;

/// Throws cuda_error where there is no GPU, or where the program was built without CUDA.
void require_cuda();
/// Of every seed, on the first GPU.
seed_histories histories_on_cuda(policy_kind policy, poft::bandit::experiment_settings const& settings,
                                 std::vector<std::uint64_t> const& seeds);

}  // namespace study

// What cuda_module.cu gives.
extern "C" void bandit_require_cuda();
extern "C" void bandit_histories_on_cuda(study::policy_kind policy,
                                         poft::bandit::experiment_settings const& settings,
                                         std::vector<std::uint64_t> const& seeds, study::seed_histories& out);
