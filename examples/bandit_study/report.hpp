// The report: figures and the table of claims in one page that fetches nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "claims.hpp"

namespace study {

/// Draws the figures for which the folder has runs and writes report.html, all from the files in the folder. A study's
/// report has the claims, an experiment of one's own has none.
void write_report(fs::path const& folder, std::vector<judged_claim> const& judged);

}  // namespace study
