// What follows from the CSV files of a study: verdicts, figures, the page.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <vector>

#include "claims.hpp"
#include "files.hpp"

namespace study {

/// Judges the claims that the folder states, and writes what is missing; says so where there is no gnuplot.
void finish(fs::path const& folder, run_metrics const& metrics,
            std::function<void(fs::path const&, run_metrics const&)> const& write_summary,
            std::function<void(fs::path const&, std::vector<judged_claim> const&)> const& write_report);

}  // namespace study
