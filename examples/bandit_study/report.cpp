// The tables and the page.
// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "gallery.hpp"
#include "results.hpp"
#include "study/page.hpp"

namespace study {
namespace {

std::string arm_table(bandit_gallery const& from) {
  std::string out =
      "<div class='wide'><table><thead><tr><th>Arm</th><th>lr</th><th>own "
      "parameter</th><th>Final</th><th>Best</th><th>Area</th><th>Budget left at 0.9</th><th>Reward at KL "
      "1</th><th>3</th><th>10</th><th>Final KL</th><th>Fell</th></tr></thead><tbody>\n";
  std::map<std::string, std::pair<std::string, std::string>> settings;
  if (fs::exists(from.folder() / "arms.csv")) {
    table const arms = table::read(from.folder() / "arms.csv");
    auto const at    = [&](char const* name) { return arms.column(name, "arms.csv"); };
    for (auto const& row : arms.rows) {
      std::string const& name  = row[at("parameter")];
      settings[row[at("arm")]] = {row[at("learning_rate")],
                                  name.empty() ? "" : name + " " + row[at("parameter_value")]};
    }
  }
  for (auto const& [arm, seeds] : from.runs()) {
    auto const mean = [&](char const* metric) { return fixed(from.mean_of(arm, metric)); };
    double fell     = 0;
    for (double const one : from.values_of(arm, "fell")) fell += one;
    out +=
        "<tr><td>" + arm + "</td><td>" + settings[arm].first + "</td><td>" + settings[arm].second + "</td>";
    for (char const* metric : {"final", "best", "area", "unspent", "reward_at_kl_1", "reward_at_kl_3",
                               "reward_at_kl_10", "final_kl"}) {
      out += "<td>" + mean(metric) + "</td>";
    }
    out += std::string("<td") + (fell > 0 ? " class='fails'>" : ">") + fixed(fell, 0) + " / " +
           std::to_string(seeds.size()) + "</td></tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

}  // namespace

void write_report(fs::path const& folder, std::vector<judged_claim> const& judged) {
  bandit_gallery all(folder, read_metrics(folder));
  bool const of_study = !judged.empty();
  of_study ? show_study(all) : show_own(all);
  std::string const figures = all.take_html();

  std::string page = page_head("poft: the bandit study");
  page += of_study ? "<h1>Preference fine-tuning on bandits: which claims hold</h1>\n"
                   : "<h1>A bandit experiment</h1>\n";
  std::size_t seeds = 0;
  for (auto const& [arm, runs] : all.runs()) seeds = std::max(seeds, runs.size());
  page += "<p>" + std::to_string(all.runs().size()) + " arms, up to " + std::to_string(seeds) +
          " seeds each; settings in arms.csv.</p>\n";
  if (of_study) {
    page +=
        "<p>The claims are those of Tajwar et al. 2024 (arXiv:2404.14367) about its bandits. One step: 100 "
        "actions, contexts in [0, 1]<sup>100</sup>. Sequences (claims that end in -tokens): a prompt of one "
        "of 100 "
        "tokens and ten new ones from gpt-nano, whose reward is the mean over the new tokens. A policy is "
        "first "
        "fitted to pi_data (a tanh-squashed Cauchy distribution, exact bin probabilities; for sequences "
        "token by "
        "token); pi_ref is that fitted policy. Rewards, KL and entropy are exact expectations over the "
        "actions on "
        "100 held-out contexts; for sequences over every next token, given prefixes that are drawn on 50 "
        "held-out "
        "prompts, and summed over the tokens. "
        "Every learner is tuned on the same grid of learning rates and of its own parameter, on seeds that "
        "are not reported. "
        "Contrasts are paired by seed, with Student t intervals at 95 %: a claim <em>holds</em> where every "
        "contrast's lower bound is "
        "above 0 and its mean at least the smallest effect that was stated before the run, it <em>does not "
        "hold</em> where some upper "
        "bound is below that effect, and is <em>undecided</em> otherwise or with fewer than 10 "
        "seeds (5 for sequences).</p>\n<h2>Claims</h2>\n";
    page += claim_table(judged, elsewhere);
  }
  page += figure_section(figures);
  if (of_study) page += "<h2>Every contrast</h2>\n" + contrast_tables(judged);
  page +=
      "<h2>Every arm</h2>\n<p>Means over seeds. Area: mean reward over the gradient steps. Fell: runs that "
      "end more than 0.1 below their best reward. "
      "A KL that no run reached has no reward.</p>\n" +
      arm_table(all);
  page += page_end;
  write_whole(folder / "report.html", page);
}

}  // namespace study
