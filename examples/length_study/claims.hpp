// The claims of arXiv:2404.14367 on lengths, stated before anything runs.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "arms.hpp"
#include "study/claims.hpp"

namespace length_study {

inline constexpr char const* claims_source = "Tajwar et al. 2024, arXiv:2404.14367, synthetic language tasks";

/// S1 (min), S2 (mode), S3 (skew) and F2, for the sizes of the scale.
std::vector<study::claim> claims(scale const& of);

inline constexpr study::not_attempted elsewhere[] = {study::full_scale_trend};

}  // namespace length_study
