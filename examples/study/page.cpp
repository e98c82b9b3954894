// The pieces of HTML.
// SPDX-License-Identifier: MIT
#include "page.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

namespace study {
namespace {

std::string verdict_mark(poft::bandit::verdict v) {
  char const* const kind = v == poft::bandit::verdict::holds       ? "holds"
                           : v == poft::bandit::verdict::undecided ? "undecided"
                                                                   : "fails";
  return std::string("<span class='") + kind + "'>" + poft::bandit::text(v) + "</span>";
}

constexpr char const* style = R"(
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:75rem;padding:1rem;color:#222;background:#fff;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.2}h2{margin-top:2.5rem;font-size:1.25rem}
table{border-collapse:collapse;font-size:.88rem;width:100%}th,td{text-align:left;padding:.3rem .55rem;border-bottom:1px solid #ddd;vertical-align:top}
th{border-bottom:2px solid #888}tr.whole td{font-weight:bold;background:#f4f4f4}
.wide{overflow-x:auto}.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem}
@media(max-width:45rem){.claims thead{display:none}.claims td{display:inline-block;border:0;padding:.15rem .4rem}.claims td:nth-child(n+3){display:block}
.claims tr{display:block;border-bottom:1px solid #ddd;padding:.3rem 0}}
figure{margin:0}figure svg{width:100%;height:auto}
.holds{color:#00683f;font-weight:bold;white-space:nowrap}.fails{color:#a63600;font-weight:bold;white-space:nowrap}.undecided{color:#555;font-style:italic}
small{color:#555}details{margin:.4rem 0}summary{cursor:pointer}code{background:#f3f3f3;padding:0 .2em}
)";

}  // namespace

std::string escaped(std::string const& text) {
  std::string out;
  for (char const c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string fixed(double number, int digits) {
  if (std::isnan(number)) return "-";
  if (std::isinf(number)) return number > 0 ? "∞" : "-∞";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

std::string page_head(std::string const& title) {
  return "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><meta name='viewport' "
         "content='width=device-width,initial-scale=1'>"
         "<title>" +
         escaped(title) + "</title><style>" + style + "</style></head><body>\n";
}

std::string table_head(std::vector<std::string> const& cells) {
  std::string out = "<div class='wide'><table><thead><tr>";
  for (std::string const& cell : cells) out += "<th>" + cell + "</th>";
  return out + "</tr></thead><tbody>\n";
}

std::string table_row(std::vector<std::string> const& cells) {
  std::string out = "<tr>";
  for (std::string const& cell : cells) out += "<td>" + cell + "</td>";
  return out + "</tr>\n";
}

std::string claim_table(std::vector<judged_claim> const& judged, std::span<not_attempted const> elsewhere) {
  auto const verdicts = overall(judged);
  std::string out =
      "<div class='wide'><table class='claims'><thead><tr><th>Claim</th><th>Verdict</th><th>What is "
      "claimed</th><th>Weakest "
      "contrast</th></tr></thead><tbody>\n";
  std::set<std::string> begun;
  for (judged_claim const& one : judged) {
    std::size_t const parts =
        static_cast<std::size_t>(std::count_if(judged.begin(), judged.end(), [&](auto const& other) {
          return other.what.whole() == one.what.whole();
        }));
    std::string const whole = one.what.whole();
    if (parts > 1 && begun.insert(whole).second && verdicts.contains(whole)) {
      out += "<tr class='whole'><td>" + whole + "</td><td>" + verdict_mark(verdicts.at(whole)) +
             "</td><td colspan='2'>all deciding parts together</td></tr>\n";
    }
    auto const weakest =
        std::min_element(one.contrasts.begin(), one.contrasts.end(), [&](auto const& a, auto const& b) {
          if (one.what.direction == poft::bandit::direction::within)
            return std::abs(a.difference.mean) > std::abs(b.difference.mean);
          return a.difference.lower < b.difference.lower;
        });
    auto const held = std::count_if(one.contrasts.begin(), one.contrasts.end(), [](judged_contrast const& c) {
      return c.result == poft::bandit::verdict::holds;
    });
    out += "<tr><td>" + escaped(one.what.name()) + "</td><td>" + verdict_mark(one.result) + "</td><td>" +
           escaped(one.what.text) + "<br><small>" + std::to_string(held) + " of " +
           std::to_string(one.contrasts.size()) + " contrasts hold. Tried: " + escaped(one.what.tried) +
           "</small></td><td>" + escaped(weakest->what.label) + ": " + fixed(weakest->difference.mean) +
           " [" + fixed(weakest->difference.lower) + ", " + fixed(weakest->difference.upper) +
           "]</td></tr>\n";
  }
  for (not_attempted const& other : elsewhere) {
    out += std::string("<tr><td>") + other.id + "</td><td>not attempted</td><td colspan='2'>" + other.text +
           "</td></tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string contrast_tables(std::vector<judged_claim> const& judged) {
  std::string out;
  for (judged_claim const& one : judged) {
    out += "<details><summary>" + escaped(one.what.name()) + ": " + std::to_string(one.contrasts.size()) +
           " contrast" + (one.contrasts.size() == 1 ? "" : "s") + ", " + escaped(one.what.unit) +
           "</summary><p>Budget: " + escaped(one.what.budget) + ". Says: the difference is " +
           (one.what.direction == poft::bandit::direction::greater ? "positive and at least " : "within ± ") +
           fixed(one.what.smallest_effect, 2) +
           ".</p><div class='wide'><table><thead><tr><th>Contrast</th><th>Mean</th><th>95 % "
           "interval</th><th>Seeds</th><th>Verdict</th></tr></thead><tbody>\n";
    for (judged_contrast const& c : one.contrasts) {
      out += "<tr><td>" + escaped(c.what.label) + "</td><td>" + fixed(c.difference.mean) + "</td><td>[" +
             fixed(c.difference.lower) + ", " + fixed(c.difference.upper) + "]</td><td>" +
             std::to_string(c.seeds) + "</td><td>" + verdict_mark(c.result) + "</td></tr>\n";
    }
    out += "</tbody></table></div></details>\n";
  }
  return out;
}

std::string figure_section(std::string const& figures) {
  return "<h2>Figures</h2>\n" +
         (figures.empty() ? "<p>gnuplot was not found when this page was made; the CSV files hold all "
                            "numbers, figures/*.gp draw them.</p>\n"
                          : "<p>Means over seeds, bands: 95 % intervals.</p><div class='figures'>\n" +
                                figures + "</div>\n");
}

}  // namespace study
