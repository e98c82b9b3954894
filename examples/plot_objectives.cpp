// plot_objectives FOLDER: one SVG per objective, its loss and its gradient against its first input.
// SPDX-License-Identifier: MIT
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "bandit/files.hpp"
#include "objectives/describe.hpp"
#include "objectives/svg.hpp"
#include "poft/scalar/gradient.hpp"

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

scene scene_of(description const& one) {
  auto const has = [&](char const* input) {
    return std::find(one.frozen.begin(), one.frozen.end(), input) != one.frozen.end();
  };
  std::string const& main = one.live[0];
  bool const link = one.name.starts_with("f") && has("reference_chosen");  // f-divergences grow exponentially
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

template <class Objective>
figure plot(description const& one) {
  using inputs                = poft::inputs_of<Objective, double>;
  scene const where           = scene_of(one);
  std::string const unit      = one.live[0] == "chosen_reward" ? "log-odds"
                                : one.live[0] == "value"       ? "reward"
                                                               : "nats";
  std::string const loss_unit = one.live[0] == "value" ? "reward²" : unit == "log-odds" ? "nats" : unit;
  figure out{Objective::name, {}, one.live[0] + " [" + unit + "]", grid(where.x), {}};
  out.panels[0].label = "loss [" + loss_unit + "]";
  out.panels[1].label = "d loss / d " + one.live[0];
  auto all            = one.live;
  all.insert(all.end(), one.frozen.begin(), one.frozen.end());
  out.subtitle = subtitle(all, where);

  bool const two = std::find(all.begin(), all.end(), where.varied) != all.end();
  for (int k = 0; k <= static_cast<int>(two); ++k) {
    inputs example;
    auto const set = [&](std::string const& name, auto& member) {
      if (auto const found = where.others.find(name); found != where.others.end()) member = found->second;
      if (name == where.varied) member = k == 0 ? where.first : where.second;
    };
    inputs::live::for_each_index(
        [&]<int K>() { set(inputs::live::template at<K>::name, inputs::live::template get<K>(example)); });
    inputs::frozen::for_each_index([&]<int K>() {
      set(inputs::frozen::template at<K>::name, inputs::frozen::template get<K>(example));
    });
    std::string const label =
        two ? std::string(where.varied) + " " + text_of(k == 0 ? where.first : where.second) : "";
    curve loss{label, {}}, gradient{label, {}};
    for (double const x : out.x) {
      inputs::live::template get<0>(example) = x;
      auto const at                          = value_and_gradient(Objective{}, example);
      loss.y.push_back(at.value);
      gradient.y.push_back(inputs::live::template get<0>(at.gradient));
    }
    out.panels[0].curves.push_back(loss);
    out.panels[1].curves.push_back(gradient);
  }
  return out;
}

/// Four responses; the first one's score runs.
template <class Objective>
  requires takes_lists<Objective> figure plot(description const& one) {
    using inputs = poft::inputs_of<Objective, double>;
    std::vector<double> score{0, -20, -22, -26}, reference(4, -20), reward{1, 0.5, 0.25, 0}, tokens(4, 10),
        target{0.5, 0.3, 0.1, 0.1}, gradient(4);
    bool const plain = one.live[0] == "score" || one.name == "best_of_n_log_complement";
    if (plain) {
      score = {0, -1, -2, -4};
      reference.clear();
    }
    bool const best_of_n = one.name.starts_with("best_of_n");
    if (best_of_n) {
      reward = {0, 0.5, 0.25, 1};
      reference.clear();
    }
    std::vector<std::int32_t> const ranking{0, 1, 2, 3};
    inputs list;
    auto const set = [&](std::string_view name, auto& member) {
      if constexpr (std::is_assignable_v<decltype(member), poft::view<std::int32_t const>>) {
        member = ranking;
      } else {
        if (name == "reward") member = reward;
        if (name == "tokens") member = tokens;
        if (name == "target") member = target;
        if (name.starts_with("reference") && !reference.empty()) member = reference;
      }
    };
    inputs::frozen::for_each_index(
        [&]<int K>() { set(inputs::frozen::template at<K>::name, inputs::frozen::template get<K>(list)); });
    inputs::live::template get<0>(list) = score;
    figure out{Objective::name,
               {},
               one.live[0] + " of the first response [nats]",
               grid(plain && one.name != "best_of_n_log_complement" ? range{-6, 4}
                    : plain                                         ? range{-6, -0.01}
                                                                    : range{-60, 0}),
               {}};
    out.subtitle = "others " + joined({text_of(score[1]), text_of(score[2]), text_of(score[3])}, ", ") +
                   (best_of_n                    ? "; rewards 0, 0.5, 0.25, 1"
                    : one.name == "softmax_list" ? "; targets 0.5, 0.3, 0.1, 0.1"
                                                 : "; best first");
    out.panels[0] = {"loss [nats]", {{"", {}}}};
    out.panels[1] = {"d loss / d " + one.live[0], {{"", {}}}};
    for (double const x : out.x) {
      score[0] = x;
      out.panels[0].curves[0].y.push_back(Objective{}(list, poft::view<double>(gradient)));
      out.panels[1].curves[0].y.push_back(gradient[0]);
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
    poft::objective::all_objectives::for_each([&]<class Objective>() {
      study::write_whole(folder / (std::string(Objective::name) + ".svg"),
                         svg_of(plot<Objective>(describe<Objective>())));
    });
    return 0;
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "plot_objectives: %s\n", problem.what());
    return 2;
  }
}
