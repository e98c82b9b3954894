// The tables and the page.
// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <map>

#include "claims.hpp"
#include "gallery.hpp"
#include "results.hpp"
#include "study/page.hpp"

namespace length_study {
namespace {

using study::fixed;
using study::table_end;
using study::table_head;
using study::table_row;

std::string proxy_table(fs::path const& folder) {
  if (!fs::exists(folder / "proxies.csv")) return {};
  std::string const place = (folder / "proxies.csv").string();
  std::string out =
      "<h2>Reward models</h2>\n" + table_head({"Preference", "Seed", "Right on held-out pairs",
                                               "Gold reward of offline samples", "Their length [tokens]"});
  for (auto const& row : study::table::read(folder / "proxies.csv").rows) {
    std::vector<std::string> cells{row[0], row[1]};
    for (std::size_t k = 2; k < row.size(); ++k) cells.push_back(fixed(study::text_number(row[k], place)));
    out += table_row(cells);
  }
  return out + table_end;
}

std::string arm_table(length_gallery const& from) {
  std::map<std::string, std::vector<std::string>> settings;
  if (fs::exists(from.folder() / "arms.csv")) {
    study::table const arms = study::table::read(from.folder() / "arms.csv");
    auto const at           = [&](char const* name) { return arms.column(name, "arms.csv"); };
    for (auto const& one : arms.rows)
      settings[one[at("arm")]] = {one[at("collection")], one[at("passes")], one[at("learning_rate")],
                                  one[at("parameter")]};
  }
  std::string out =
      "<h2>Every arm</h2>\n<p>Means over seeds of the gold reward: at the end, at its best, over the "
      "gradient steps, where KL "
      "first reaches 1, 3, 10 nats. Over-optimised: the gold reward at its best minus that where the reward "
      "model is most "
      "content. Fell: runs that end more than 0.1 below their best.</p>\n" +
      table_head({"Arm", "Collection", "T", "lr", "Parameter", "Final", "Best", "Area", "At KL 1", "3", "10",
                  "Final KL", "Proxy", "Over-optimised", "Length", "Chosen", "Rejected", "Fell"});
  for (auto const& [arm, seeds] : from.runs()) {
    std::vector<std::string> cells{arm};
    auto const known = settings.find(arm);
    if (known == settings.end()) {
      cells.resize(5);
    } else {
      cells.insert(cells.end(), known->second.begin(), known->second.end());
    }
    for (char const* metric :
         {"final", "best", "area", "reward_at_kl_1", "reward_at_kl_3", "reward_at_kl_10", "final_kl",
          "final_proxy", "overoptimised", "final_length", "chosen_log_ratio", "rejected_log_ratio"})
      cells.push_back(fixed(from.mean_of(arm, metric)));
    double fell = 0;
    for (double const one : from.values_of(arm, "fell")) fell += one;
    cells.push_back(fixed(fell, 0) + " / " + std::to_string(seeds.size()));
    out += table_row(cells);
  }
  return out + table_end;
}

}  // namespace

void write_report(fs::path const& folder, std::vector<study::judged_claim> const& judged) {
  length_gallery all(folder, read_metrics(folder));
  show_figures(all);
  std::string const figures = all.take_html();
  std::size_t seeds         = 0;
  for (auto const& [arm, runs] : all.runs()) seeds = std::max(seeds, runs.size());

  std::string page = study::page_head("poft: the study on lengths");
  page += "<h1>Preferences over length, learned by a reward model: which claims hold</h1>\n<p>" +
          std::to_string(all.runs().size()) + " arms, up to " + std::to_string(seeds) +
          " seeds each; settings in arms.csv.</p>\n"
          "<p>The claims are those of Tajwar et al. 2024 (arXiv:2404.14367) on language models whose "
          "preferences are about "
          "length, at compact scale: a transformer of 6 &middot; 10<sup>4</sup> parameters, responses of 1 "
          "to 32 tokens whose "
          "lengths are log-normal. <em>min</em>: shorter preferred; <em>mode</em>: nearer to the most common "
          "length; "
          "<em>skew</em>: shorter preferred, on pairs whose lengths are skewed to long. A Bradley-Terry "
          "reward model learns the "
          "preference from pairs; it is all that learners see. They are scored by the gold reward, exp(-((T "
          "- target) / "
          "5)<sup>2</sup>) of T tokens. A contrast is paired by seed, with Student t intervals at 95 %: a "
          "claim <em>holds</em> "
          "where every contrast's lower bound is above 0 and its mean at least the smallest effect that was "
          "stated before the "
          "run, it <em>does not hold</em> where some upper bound is below that effect, and is "
          "<em>undecided</em> otherwise or "
          "with fewer than 5 seeds. A claim of little difference holds where every interval lies within the "
          "smallest "
          "effect.</p>\n<h2>Claims</h2>\n" +
          study::claim_table(judged, elsewhere) + proxy_table(folder) + study::figure_section(figures) +
          "<h2>Every contrast</h2>\n" + study::contrast_tables(judged) + arm_table(all) + study::page_end;
  study::write_whole(folder / "report.html", page);
}

}  // namespace length_study
