// The claims of arXiv:2404.14367 about its bandits.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "arms.hpp"
#include "study/claims.hpp"

namespace study {

/// What is claimed, before anything has run.
std::vector<claim> claims();

/// What a claim's variant is where it is about this policy.
inline std::string variant_of(policy_kind policy) { return policy == policy_kind::tokens ? "tokens" : ""; }

inline constexpr not_attempted elsewhere[] = {
    {"S1-S3, F2", "language tasks with a learned reward on the response's length: length_study"},
    full_scale_trend};

}  // namespace study
