// The joined page.
// SPDX-License-Identifier: MIT
#include "joined.hpp"

#include <algorithm>
#include <set>

#include "page.hpp"

namespace study {
namespace {

struct paper_claims {
  char const* paper;
  std::vector<std::string> ids;
};

std::vector<paper_claims> const& papers() {
  static std::vector<paper_claims> const all{
      {"Fan et al. 2024, preference-oriented supervised fine-tuning (arXiv:2412.12865)",
       {"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9"}},
      {"Tajwar et al. 2024, preference fine-tuning should leverage suboptimal, on-policy data "
       "(arXiv:2404.14367)",
       {"B1", "B2", "B3", "B4", "B5", "B6", "B7", "S1", "S2", "S3", "F1", "F2"}}};
  return all;
}

constexpr char const* not_run = "its study was not among those that were joined";

}  // namespace

void write_joined(fs::path const& out, std::vector<finished_study> const& studies) {
  std::vector<judged_claim> all;
  std::string sources;
  for (finished_study const& one : studies) {
    auto const judged = read_judged(one.folder);
    all.insert(all.end(), judged.begin(), judged.end());
    std::string const report = escaped(fs::proximate(one.folder / "report.html", out).generic_string());
    sources += "<li>" + escaped(one.title) + ": " + std::to_string(judged.size()) +
               " claims or parts, <a href='" + report + "'>" + report + "</a></li>\n";
  }
  std::string page = page_head("poft: which claims hold");
  page +=
      "<h1>Two papers on preference fine-tuning: which claims hold</h1>\n<p>At compact scale, verdicts by "
      "rules that "
      "were stated before the runs: see the reports of the studies.</p>\n<ul>" +
      sources + "</ul>\n";
  for (paper_claims const& paper : papers()) {
    std::vector<judged_claim> of_paper;
    std::vector<not_attempted> missing;
    for (std::string const& id : paper.ids) {
      std::size_t const before = of_paper.size();
      std::copy_if(all.begin(), all.end(), std::back_inserter(of_paper),
                   [&](judged_claim const& one) { return one.what.id == id; });
      if (of_paper.size() == before)
        missing.push_back({id.c_str(), id == full_scale_trend.id ? full_scale_trend.text : not_run});
    }
    page += "<h2>" + escaped(paper.paper) + "</h2>\n" + claim_table(of_paper, missing) +
            contrast_tables(of_paper);
  }
  require_writable(out);
  write_whole(out / "report.html", page + page_end);
}

}  // namespace study
