// plot_objectives FOLDER: one SVG per objective, its loss and its gradient against its first input.
// SPDX-License-Identifier: MIT
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "study/files.hpp"
#include "objectives/svg.hpp"
#include "objectives/text.hpp"
#include "poft/train/any_objective.hpp"

namespace {

using namespace objectives;

struct range {
  double low, high;
};

/// Where the first input runs, what the other inputs are, and under which of their values a second curve is
/// drawn.
struct scene {
  range x;
  std::map<std::string, double> others;
  char const* varied = "";  // an input that both curves set, to these values
  double first = 0, second = 0;
};

scene scene_of(poft::any_objective const& one) {
  auto const has         = [&](char const* input) { return one.needs(input); };
  std::string const main = one.live()[0];
  bool const link =
      one.name().starts_with("f") && has("reference_chosen");  // f-divergences grow exponentially
  if (main == "chosen" && has("reference_chosen"))
    return {link ? range{-64, -56} : range{-100, -20},
            {{"rejected", -62},
             {"reference_chosen", -60},
             {"reference_rejected", -60},
             {"chosen_tokens", 10},
             {"rejected_tokens", 10},
             {"win_probability", 0.8}}};
  if (main == "chosen")
    return {{-40, -0.1},
            {{"rejected", -20}, {"chosen_tokens", 10}, {"rejected_tokens", 10}, {"target", -20}}};
  if (main == "chosen_reward") return {{-6, 6}, {{"rejected_reward", 0}, {"margin", 0}}};
  if (main == "value") return {{-1.5, 1.5}, {{"target", 1}, {"old_value", 0}}};
  if (has("desirable")) return {{-120, 0}, {{"reference_log_prob", -60}, {"baseline", 0}}, "desirable", 1, 0};
  if (has("aligned_score") && has("clean"))
    return {{-80, 0}, {{"tokens", 10}, {"aligned_score", -4}}, "clean", 1, 0};
  if (has("aligned_score")) return {{-80, 0}, {{"tokens", 10}}, "aligned_score", -4, -2};
  if (has("advantage"))
    return {{-5, -0.01},
            {{"old_log_prob", -2}, {"reference_log_prob", -2}, {"sequence_log_ratio", 0}, {"tokens", 1}},
            "advantage",
            1,
            -1};
  if (has("weight")) return {{-5, -0.01}, {}, "weight", 1, 0.25};
  if (has("tokens")) return {{-40, 0}, {{"tokens", 10}}};
  return {{-5, -0.01}, {{"reference_log_prob", -2}}};
}

constexpr int points = 161;

std::vector<double> grid(range const& x) {
  std::vector<double> out;
  for (int i = 0; i < points; ++i) out.push_back(x.low + (x.high - x.low) * i / (points - 1));
  return out;
}

/// "a, b 10; c -20": inputs of one value together, in the objective's own order.
std::string subtitle(std::vector<std::string> const& inputs, scene const& where) {
  std::vector<std::pair<double, std::vector<std::string>>> groups;
  for (auto const& name : inputs) {
    auto const found = where.others.find(name);
    if (found == where.others.end()) continue;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](auto const& one) { return one.first == found->second; });
    if (group == groups.end()) group = groups.insert(groups.end(), {found->second, {}});
    group->second.push_back(name);
  }
  std::vector<std::string> parts;
  for (auto const& [value, names] : groups) parts.push_back(joined(names, ", ") + " " + text_of(value));
  return joined(parts, "; ");
}

/// A figure with the losses and the gradients of one curve per element of `labels`, still empty.
figure empty_figure(poft::any_objective const& one, std::string const& x_label, std::vector<double> const& x,
                    std::string const& loss_unit, std::vector<std::string> const& labels) {
  figure out{std::string(one.name()), {}, x_label, x, {}};
  out.panels[0].label = "loss [" + loss_unit + "]";
  out.panels[1].label = std::string("d loss / d ") + one.live()[0];
  for (auto& panel : out.panels)
    for (auto const& label : labels) panel.curves.push_back({label, std::vector<double>(x.size())});
  return out;
}

figure plot_example(poft::any_objective const& one) {
  scene const where           = scene_of(one);
  std::string const main      = one.live()[0];
  std::string const unit      = main == "chosen_reward" ? "log-odds" : main == "value" ? "reward" : "nats";
  std::string const loss_unit = main == "value" ? "reward²" : unit == "log-odds" ? "nats" : unit;
  std::vector<std::string> inputs(one.live().begin(), one.live().end()), labels{""};
  inputs.insert(inputs.end(), one.frozen().begin(), one.frozen().end());
  if (one.needs(where.varied))
    labels = {std::string(where.varied) + " " + text_of(where.first),
              std::string(where.varied) + " " + text_of(where.second)};
  figure out   = empty_figure(one, main + " [" + unit + "]", grid(where.x), loss_unit, labels);
  out.subtitle = subtitle(inputs, where);

  for (std::size_t k = 0; k < labels.size(); ++k) {
    std::map<std::string, std::vector<double>> values;
    poft::columns<double const> columns;
    for (auto const& name : inputs) {
      auto const found = where.others.find(name);
      double const x   = name == where.varied          ? (k == 0 ? where.first : where.second)
                         : found != where.others.end() ? found->second
                                                       : 0;
      columns[name] = values[name] = std::vector<double>(out.x.size(), x);
    }
    columns[main] = out.x;
    one.evaluate(columns, {{main, out.panels[1].curves[k].y}},
                 {.count = 1, .losses = out.panels[0].curves[k].y});
  }
  return out;
}

/// Four responses; the first one's score runs.
figure plot_list(poft::any_objective const& one) {
  std::string const main = one.live()[0];
  std::map<std::string, std::vector<double>> list{{main, {0, -20, -22, -26}},
                                                  {"ranking", {0, 1, 2, 3}},
                                                  {"tokens", {10, 10, 10, 10}},
                                                  {"target", {0.5, 0.3, 0.1, 0.1}},
                                                  {"reward", {1, 0.5, 0.25, 0}}};
  bool const complement = one.name() == "best_of_n_log_complement", plain = main == "score" || complement;
  bool const best_of_n = one.name().starts_with("best_of_n");
  if (plain) list[main] = {0, -1, -2, -4};
  if (best_of_n) list["reward"] = {0, 0.5, 0.25, 1};
  if (!plain && !best_of_n) list["reference_log_prob"].assign(4, -20);
  range const x = !plain ? range{-60, 0} : complement ? range{-6, -0.01} : range{-6, 4};

  figure out         = empty_figure(one, main + " of the first response [nats]", grid(x), "nats", {""});
  auto const& others = list[main];
  out.subtitle       = "others " +
                 joined(std::vector{text_of(others[1]), text_of(others[2]), text_of(others[3])}, ", ") +
                 (best_of_n                      ? "; rewards 0, 0.5, 0.25, 1"
                  : one.name() == "softmax_list" ? "; targets 0.5, 0.3, 0.1, 0.1"
                                                 : "; best first");
  for (std::size_t i = 0; i < out.x.size(); ++i) {
    std::vector<double> gradient(4), loss(1);
    std::vector<std::int64_t> const whole{0, 4};
    list[main][0] = out.x[i];
    poft::columns<double const> columns(list.begin(), list.end());
    one.evaluate(columns, {{main, gradient}}, {.losses = loss, .list_offsets = whole});
    out.panels[0].curves[0].y[i] = loss[0];
    out.panels[1].curves[0].y[i] = gradient[0];
  }
  return out;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: plot_objectives FOLDER\n");
    return 2;
  }
  try {
    std::filesystem::path const folder = arguments[1];
    study::require_writable(folder);
    for (auto const& one : poft::every_objective())
      study::write_whole(folder / (std::string(one.name()) + ".svg"),
                         svg_of(one.of_lists() ? plot_list(one) : plot_example(one)));
    return 0;
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "plot_objectives: %s\n", problem.what());
    return 2;
  }
}
