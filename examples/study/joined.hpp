// One page over several finished studies: every claim of both papers has its row.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "claims.hpp"

namespace study {

/// What a study left in its folder, for the page.
struct finished_study {
  std::string title;
  fs::path folder;
};

/// out/report.html from each study's claims.json and verdicts.csv. Claims of the papers that none of them has are there as not
/// attempted, with the reason. Throws where a folder holds no verdicts.
void write_joined(fs::path const& out, std::vector<finished_study> const& studies);

}  // namespace study
