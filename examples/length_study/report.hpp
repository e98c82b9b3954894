// The report: figures and the table of claims in one page that fetches nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "study/claims.hpp"

namespace length_study {

/// Draws the figures for which the folder has runs and writes report.html, all from the files in the folder.
void write_report(study::fs::path const& folder, std::vector<study::judged_claim> const& judged);

}  // namespace length_study
