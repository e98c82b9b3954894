// The claims of arXiv:2404.14367 on lengths, stated before anything runs.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "../study/claims.hpp"
#include "arms.hpp"

namespace length_study {

inline constexpr char const* claims_source = "Tajwar et al. 2024, arXiv:2404.14367, synthetic language tasks";

/// S1 (min), S2 (mode), S3 (skew) and F2, for the sizes of the scale.
std::vector<study::claim> claims(scale const& of);

inline constexpr study::not_attempted elsewhere[] = {
    {"F1",
     "full-scale language models: it needs checkpoints of 10<sup>9</sup> parameters, their preference data "
     "and a large "
     "reward model, and GPUs to train them on"},
};

}  // namespace length_study
