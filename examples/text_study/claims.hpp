// The claims of arXiv:2412.12865, stated before anything runs.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "arms.hpp"
#include "study/claims.hpp"

namespace text_study {

inline constexpr char const* claims_source = "Fan et al. 2024, arXiv:2412.12865";

/// P1 ... P9 and the controls (C), for the quick arms or all.
std::vector<study::claim> claims(bool full);

inline constexpr study::not_attempted elsewhere[] = {
    {"P6, Instag and Deita", "their taggers are large models; a rater with errors stands in for them"},
    {"Tables 6-8", "of the paper's appendix, which was not available to us"},
};

}  // namespace text_study
