// The last step of every study.
// SPDX-License-Identifier: MIT
#include "finish.hpp"

#include <cstdio>

#include "figures.hpp"

namespace study {

void finish(fs::path const& folder, run_metrics const& metrics,
            std::function<void(fs::path const&, run_metrics const&)> const& write_summary,
            std::function<void(fs::path const&, std::vector<judged_claim> const&)> const& write_report) {
  write_summary(folder, metrics);
  auto const judged = judge_all(read_claims(folder), metrics);
  write_verdicts(folder, judged);
  if (!have_gnuplot()) std::printf("gnuplot was not found: no figures; the CSV files are complete.\n");
  write_report(folder, judged);
  print_verdicts(judged);
  std::printf("%s\n", (folder / "report.html").string().c_str());
}

}  // namespace study
