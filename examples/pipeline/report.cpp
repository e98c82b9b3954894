// report: what runs of train and files of evaluate say, as a table and as one HTML page that fetches nothing.
// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "commands.hpp"
#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/core/whole_file.hpp"
#include "rows.hpp"

namespace pipeline {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

struct curve {
  std::vector<double> x, y;

  void add(double at, double value) {
    if (!std::isfinite(value)) return;
    x.push_back(at);
    y.push_back(value);
  }
};

/// A row of the table: a folder of train, a file of evaluate, or a folder that holds both.
struct run {
  std::string name, objective = "-";
  std::map<std::string, double> numbers;  // by column; not there: "-"
  curve loss, held_out;
};

constexpr char const* columns[] = {"steps",    "loss",           "held-out loss", "best held-out",
                                   "tokens/s", "nats per token", "exact match"};

double number_or_none(nlohmann::json const& object, char const* name) {
  return object.contains(name) && object[name].is_number() ? object[name].get<double>() : none;
}

void read_metrics(fs::path const& file, run& out) {
  double rate = 0, lines = 0, best = none;
  for_each_row(file, [&](nlohmann::json const& now, auto const&...) {
    double const step = number_or_none(now, "step");
    out.loss.add(step, number_or_none(now, "loss"));
    out.held_out.add(step, number_or_none(now, "evaluation_loss"));
    rate += number_or_none(now, "tokens_per_second");
    ++lines;
    out.numbers["steps"] = step;
  });
  if (lines == 0) return;
  out.numbers["tokens/s"] = rate / lines;
  if (!out.loss.y.empty()) out.numbers["loss"] = out.loss.y.back();
  if (out.held_out.y.empty()) return;
  for (double const one : out.held_out.y) best = std::fmin(best, one);
  out.numbers["held-out loss"] = out.held_out.y.back();
  out.numbers["best held-out"] = best;
}

void read_evaluation(fs::path const& file, run& out) {
  auto const place = poft::message("report: \"", file.string(), "\"");
  auto const found = poft::parse_json(poft::read_whole(file), place);
  poft::json_fields const in(found, place);
  if (!in.has("nats_per_token")) throw in.unexpected("nats_per_token", "a file that evaluate wrote");
  out.numbers["nats per token"] = in.number("nats_per_token");
  if (in.has("exact_match")) out.numbers["exact match"] = in.number("exact_match");
  if (auto const tasks = in.fields("tasks")) {
    for (auto const& [task, judged] : found["tasks"].items()) {
      out.numbers["task " + task] = number_or_none(judged, "exact_match");
    }
  }
}

run read_run(fs::path const& path) {
  run out;
  out.name = path.string();
  if (!fs::is_directory(path)) {
    read_evaluation(path, out);
    return out;
  }
  bool found = false;
  if (auto const metrics = path / "run" / "metrics.jsonl"; fs::exists(metrics)) {
    read_metrics(metrics, out);
    auto const settings = poft::parse_json(poft::read_whole(path / "run" / "run.json"), "report: run.json");
    out.objective       = poft::json_fields(settings, "report: run.json").text("objective");
    found               = true;
  }
  if (auto const judged = path / "evaluation.json"; fs::exists(judged)) {
    read_evaluation(judged, out);
    found = true;
  }
  if (!found) {
    throw poft::io_error(
        poft::message("report: \"", path.string(),
                      "\" has neither run/metrics.jsonl nor evaluation.json, expected a folder that "
                      "train wrote or a file that evaluate wrote"));
  }
  return out;
}

std::string text_of(double number) {
  char digits[32];
  std::snprintf(digits, sizeof digits, std::abs(number) >= 100 ? "%.0f" : "%.4g", number);
  return std::isnan(number) ? "-" : digits;
}

std::string escaped(std::string const& text) {
  std::string out;
  for (char const c : text) {
    out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  }
  return out;
}

/// Cells of the header and of every run.
std::vector<std::vector<std::string>> table_of(std::vector<run> const& runs) {
  std::vector<std::string> names(std::begin(columns), std::end(columns));
  for (auto const& one : runs) {
    for (auto const& [name, value] : one.numbers) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  std::erase_if(names, [&](auto const& name) {
    return std::none_of(runs.begin(), runs.end(), [&](run const& one) { return one.numbers.contains(name); });
  });
  std::vector<std::vector<std::string>> rows{{"run", "objective"}};
  rows[0].insert(rows[0].end(), names.begin(), names.end());
  for (auto const& one : runs) {
    rows.push_back({one.name, one.objective});
    for (auto const& name : names) {
      auto const found = one.numbers.find(name);
      rows.back().push_back(text_of(found == one.numbers.end() ? none : found->second));
    }
  }
  return rows;
}

void print(std::vector<std::vector<std::string>> const& rows) {
  for (auto const& row : rows) {
    for (std::size_t k = 0; k < row.size(); ++k) {
      std::size_t width = 0;
      for (auto const& other : rows) width = std::max(width, other[k].size());
      std::printf(k < 2 ? "%-*s  " : "%*s  ", static_cast<int>(width), row[k].c_str());
    }
    std::printf("\n");
  }
}

/// Curves of all runs over the steps, one colour for each.
std::string chart(std::string const& title, std::vector<run> const& runs, curve run::*which) {
  constexpr double left = 60, right = 550, top = 30, bottom = 225;
  constexpr char const* colours[] = {"#0a5cc2", "#c2410c", "#00683f", "#8a2be2", "#a16207", "#0e7490"};
  double last = 0, low = none, high = none;
  for (auto const& one : runs) {
    for (double const x : (one.*which).x) last = std::max(last, x);
    for (double const y : (one.*which).y) low = std::fmin(low, y), high = std::fmax(high, y);
  }
  if (std::isnan(low)) return "";
  if (high - low < 1e-9) high = low + 1;
  auto const pixel = [](double at) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.1f", at);
    return std::string(digits);
  };
  auto const text = [&](double x, double y, char const* anchor, std::string const& words) {
    return "<text x='" + pixel(x) + "' y='" + pixel(y) + "' text-anchor='" + anchor + "'>" + escaped(words) +
           "</text>\n";
  };
  std::string svg = "<figure><svg viewBox='0 0 560 260' font-family='sans-serif' font-size='11'>\n";
  svg += text(left, 18, "start", title);
  svg += "<path d='M" + pixel(left) + " " + pixel(top) + "V" + pixel(bottom) + "H" + pixel(right) +
         "' fill='none' stroke='#888'/>\n";
  svg += text(left - 5, top + 8, "end", text_of(high)) + text(left - 5, bottom, "end", text_of(low)) +
         text(right, bottom + 16, "end", "step " + text_of(last));
  for (std::size_t k = 0; k < runs.size(); ++k) {
    curve const& drawn = runs[k].*which;
    if (drawn.x.empty()) continue;
    std::string const colour = colours[k % std::size(colours)];
    svg += "<path fill='none' stroke-width='1.5' stroke='" + colour + "' d='";
    for (std::size_t i = 0; i < drawn.x.size(); ++i) {
      svg += (i ? "L" : "M") + pixel(left + drawn.x[i] / last * (right - left)) + " " +
             pixel(bottom - (drawn.y[i] - low) / (high - low) * (bottom - top));
    }
    svg += "'><title>" + escaped(runs[k].name) + "</title></path>\n";
  }
  svg += "</svg><figcaption>";
  for (std::size_t k = 0; k < runs.size(); ++k) {
    if ((runs[k].*which).x.empty()) continue;
    svg += "<span style='color:" + std::string(colours[k % std::size(colours)]) + "'>&#9473; " +
           escaped(runs[k].name) + "</span> ";
  }
  return svg + "</figcaption></figure>\n";
}

std::string page_of(std::vector<run> const& runs, std::vector<std::vector<std::string>> const& rows) {
  std::string page =
      "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><meta name='viewport' "
      "content='width=device-width,initial-scale=1'><title>poft: runs</title><style>"
      "body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:75rem;padding:1rem;color:#222}"
      "table{border-collapse:collapse;font-size:.9rem}th,td{padding:.3rem .6rem;border-bottom:1px solid "
      "#ddd;text-align:right}"
      "th:nth-child(-n+2),td:nth-child(-n+2){text-align:left}.wide{overflow-x:auto}"
      ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem}"
      "figure{margin:0}figure "
      "svg{width:100%}figcaption{font-size:.85rem}</style></head><body>\n<h1>Runs</h1>\n"
      "<div class='wide'><table>\n";
  for (std::size_t k = 0; k < rows.size(); ++k) {
    std::string const cell = k == 0 ? "th" : "td";
    page += "<tr>";
    for (auto const& text : rows[k]) page += "<" + cell + ">" + escaped(text) + "</" + cell + ">";
    page += "</tr>\n";
  }
  return page + "</table></div>\n<div class='figures'>\n" + chart("training loss", runs, &run::loss) +
         chart("held-out loss", runs, &run::held_out) + "</div>\n</body></html>\n";
}

struct report_options {
  std::vector<std::string> runs;
  std::string out;
};

void report(report_options const& o) {
  std::vector<run> runs;
  for (auto const& path : o.runs) runs.push_back(read_run(path));
  auto const rows = table_of(runs);
  print(rows);
  if (o.out.empty()) return;
  poft::write_whole(o.out, page_of(runs, rows));
  std::printf("%s\n", o.out.c_str());
}

}  // namespace

void add_report(CLI::App& program) {
  auto const o       = std::make_shared<report_options>();
  auto* const report = program.add_subcommand("report", "A table and an HTML page of runs");
  report->add_option("runs", o->runs, "folders that train wrote, files that evaluate wrote")->required();
  report->add_option("--out", o->out, "the page");
  report->callback([o] { pipeline::report(*o); });
}

}  // namespace pipeline
