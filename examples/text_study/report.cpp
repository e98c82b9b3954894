// The tables and the page.
// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <map>

#include "claims.hpp"
#include "gallery.hpp"
#include "results.hpp"
#include "study/page.hpp"

namespace text_study {
namespace {

using study::fixed;
using study::table_end;
using study::table_head;
using study::table_row;

std::string model_table(fs::path const& folder) {
  if (!fs::exists(folder / "models.csv")) return {};
  std::string const place   = (folder / "models.csv").string();
  study::table const models = study::table::read(folder / "models.csv");
  std::string out           = "<h2>Targets before fine-tuning, and aligned models</h2>\n" +
                    table_head({"Model", "Parameters", "Vocabulary", "Tokens per answer", "Accuracy", "copy",
                                "reverse", "sort", "add", "count", "substitute", "nats per token"});
  for (auto const& one : models.rows) {
    auto const text   = [&](char const* name) { return one[models.column(name, place)]; };
    auto const number = [&](char const* name) { return fixed(study::text_number(text(name), place), 2); };
    out += table_row({text("model"), text("parameters"), text("vocabulary"), number("tokens_per_answer"),
                      number("accuracy"), number("copy"), number("reverse"), number("sort"), number("add"),
                      number("count"), number("substitute"), number("nats")});
  }
  return out + table_end;
}

std::string data_table(text_gallery const& from) {
  std::string out = "<h2>Data sets and their preference scores</h2>\n" +
                    table_head({"Data", "Spoilt on purpose", "std of r_LLM", "AUROC of r_LLM for noise"});
  for (std::string const name : data_names) {
    auto const mean = [&](char const* metric) { return fixed(from.mean_of("data." + name, metric)); };
    if (from.values_of("data." + name, "noise").empty()) continue;
    out += table_row({name, mean("noise"), mean("score_spread"), mean("auroc")});
  }
  return out + table_end;
}

std::string arm_table(text_gallery const& from) {
  std::map<std::string, std::pair<std::string, std::string>> settings;
  if (fs::exists(from.folder() / "arms.csv")) {
    study::table const arms = study::table::read(from.folder() / "arms.csv");
    auto const at           = [&](char const* name) { return arms.column(name, "arms.csv"); };
    for (auto const& one : arms.rows) settings[one[at("arm")]] = {one[at("learning_rate")], one[at("beta")]};
  }
  std::string out =
      "<h2>Every arm</h2>\n<p>Means over seeds. Best: the test accuracy of the epoch with the best "
      "validation accuracy. Fall: "
      "best - final. Spread: standard deviation over epochs.</p>\n" +
      table_head({"Arm", "lr", "beta", "Final", "Best", "Fall", "Spread", "copy", "reverse", "sort", "add",
                  "count", "substitute", "nats per token", "of definitions", "Seeds"});
  for (auto const& [arm, seeds] : from.runs()) {
    std::vector<std::string> cells{arm, settings[arm].first, settings[arm].second};
    for (char const* metric : {"final", "best", "fall", "spread", "copy", "reverse", "sort", "add", "count",
                               "substitute", "final_nats", "final_definition_nats"}) {
      cells.push_back(fixed(from.mean_of(arm, metric)));
    }
    cells.push_back(std::to_string(seeds.size()));
    out += table_row(cells);
  }
  return out + table_end;
}

}  // namespace

void write_report(fs::path const& folder, std::vector<study::judged_claim> const& judged) {
  text_gallery all(folder, read_metrics(folder));
  show_figures(all);
  std::string const figures = all.take_html();
  std::size_t seeds         = 0;
  for (auto const& [arm, runs] : all.runs()) seeds = std::max(seeds, runs.size());

  std::string page = study::page_head("poft: the study on text");
  page += "<h1>Preference-oriented supervised fine-tuning on text: which claims hold</h1>\n<p>" +
          std::to_string(all.runs().size()) + " arms, up to " + std::to_string(seeds) +
          " seeds each; settings in arms.csv.</p>\n"
          "<p>The claims are those of Fan et al. 2024 (arXiv:2412.12865), at compact scale: transformers of "
          "10<sup>5</sup> "
          "parameters, six tasks whose answers can be verified (copy, reverse, sort, add, count, substitute) "
          "and definitions "
          "from Debian's dictionaries, at most 24 bytes. The targets were trained a little on a pool of "
          "their own; three "
          "aligned models of other sizes, families and tokenizers, with noise of their own and no prompt of "
          "the target's, "
          "give r_LLM. Accuracy is exact match of a generated answer on held-out prompts, the mean over the "
          "six tasks. A "
          "contrast is paired by seed, with Student t intervals at 95 %: a claim <em>holds</em> where every "
          "contrast's lower "
          "bound is above 0 and its mean at least the smallest effect that was stated before the run, it "
          "<em>does not "
          "hold</em> where some upper bound is below that effect, and is <em>undecided</em> otherwise or "
          "with fewer than 5 "
          "seeds.</p>\n<h2>Claims</h2>\n" +
          study::claim_table(judged, elsewhere) + model_table(folder) + data_table(all) +
          study::figure_section(figures) + "<h2>Every contrast</h2>\n" + study::contrast_tables(judged) +
          arm_table(all) + study::page_end;
  study::write_whole(folder / "report.html", page);
}

}  // namespace text_study
