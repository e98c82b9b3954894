// The figures.
// SPDX-License-Identifier: MIT
#include "gallery.hpp"

#include <map>
#include <set>

namespace length_study {
namespace {

using study::figure;
using study::series;

constexpr std::pair<char const*, int> learner_colours[] = {
    {"pref_ft", 3}, {"best_of_n", 1}, {"rwr", 2}, {"dpo", 5}, {"ipo", 0}, {"ppo", 8}, {"reinforce", 4}};

/// Collection size or T -> arm, of those that have runs.
std::map<int, std::string> varied(length_gallery const& from, std::string const& learner,
                                  std::string const& over, std::string const& how, int common) {
  std::map<int, std::string> out;
  std::string const begin = learner + "." + over + ".";
  for (auto const& [arm, seeds] : from.runs()) {
    if (arm == begin + "on_policy") out[common] = arm;
    if (arm.starts_with(begin + how)) out[std::stoi(arm.substr((begin + how).size()))] = arm;
  }
  return out;
}

void show_lengths(length_gallery& to) {
  fs::path const file = to.folder() / "lengths.csv";
  if (!fs::exists(file)) return;
  figure f{"lengths",
           "Lengths: the corpus, pi_ref, offline samples",
           "tokens, the end token among them",
           "share",
           {}};
  std::map<std::string, series> of;
  for (auto const& row : study::table::read(file).rows) {
    if (row[0] == "offline min" || row[0] == "offline mode") continue;  // those of pi_ref
    double const x = study::text_number(row[1], file.string()), y = study::text_number(row[2], file.string());
    of[row[0]].points.push_back({x, y, y, y});
  }
  int colour = 0;
  for (auto& [name, line] : of) {
    line.label = name, line.colour = colour++;
    f.curves.push_back(line);
  }
  to.show(f);
}

void show_collections(length_gallery& to) {
  for (std::string const over : preference_names) {
    for (std::string const learner : {"ppo", "rwr"}) {
      figure f{learner + "_" + over + "_length_batch_size_ablation",
               "S: " + learner + ", " + over + ": collections of n responses",
               "rewards asked for",
               "gold reward",
               {}};
      int colour      = 0;
      auto const arms = varied(to, learner, over, "batch", common_collection);
      for (auto const& [size, arm] : arms) {
        to.add_curve(f, arm, std::to_string(size), colour++, &measurement::queries, &measurement::gold);
        f.curves.back().stairs = size != arms.begin()->first;
      }
      f.y_range = "0:1.02";
      if (f.curves.size() > 1) to.show(f);
    }
  }
  figure all{"batch_size_llm_length_summary_line_plot",
             "Collection size and final gold reward; dashed: RWR",
             "responses in a collection",
             "gold reward at the end",
             {}};
  int colour = 0;
  for (std::string const over : preference_names) {
    for (std::string const learner : {"ppo", "rwr"}) {
      std::vector<std::pair<double, std::string>> points;
      for (auto const& [size, arm] : varied(to, learner, over, "batch", common_collection))
        points.emplace_back(size, arm);
      if (points.size() > 1)
        to.add_points(all, learner + ", " + over, colour, "final", points, learner == "rwr");
    }
    ++colour;
  }
  all.logarithmic_x = true, all.y_range = "0:1.02";
  to.show(all);
}

void show_reuse(length_gallery& to) {
  for (std::string const over : preference_names) {
    figure f{"reuse_" + over,
             "T, " + over + "; dashed: at equal gradient steps",
             "T, steps on every sample",
             "gold reward",
             {}};
    int colour = 0;
    for (std::string const learner : {"ppo", "best_of_n"}) {
      std::vector<std::pair<double, std::string>> points;
      for (auto const& [passes, arm] : varied(to, learner, over, "passes", common_passes))
        points.emplace_back(passes, arm);
      if (points.size() > 1) {
        to.add_points(f, learner, colour, "final", points);
        to.add_points(f, "", colour, "equal_steps", points, true);
      }
      ++colour;
    }
    f.logarithmic_x = true, f.y_range = "0:1.02";
    to.show(f);
  }
}

void show_learners(length_gallery& to) {
  for (std::string const over : preference_names) {
    for (bool const offline : {true, false}) {
      std::string const how   = offline ? ".offline" : ".on_policy",
                        where = over + (offline ? ", offline" : ", on-policy");
      figure f{over + "_length_results" + (offline ? "_offline" : ""),
               "Gold reward, " + where,
               "gradient steps",
               "gold reward",
               {}};
      figure trusted{"proxy_gold_" + over + (offline ? "_offline" : ""),
                     "Gold reward, and what the reward model says (dashed), " + where,
                     "gradient steps",
                     "gold reward",
                     {}};
      figure kl{"reward_kl_" + over + (offline ? "_offline" : ""),
                "Gold reward against KL, " + where,
                "KL(pi || pi_ref) [nats]",
                "gold reward",
                {}};
      figure bins{"length_histogram_" + over + (offline ? "_offline" : ""),
                  "Lengths at the end, " + where,
                  "tokens",
                  "share",
                  {}};
      for (auto const& [learner, colour] : learner_colours) {
        std::string const arm = learner + ("." + over) + how;
        auto const found      = to.runs().find(arm);
        if (found == to.runs().end()) continue;
        to.add_curve(f, arm, learner, colour, &measurement::step, &measurement::gold);
        to.add_curve(trusted, arm, learner, colour, &measurement::step, &measurement::gold);
        to.add_curve(trusted, arm, "", colour, &measurement::step, &measurement::proxy, true);
        trusted.curves.back().right_axis = true;
        to.add_curve(kl, arm, learner, colour, &measurement::kl, &measurement::gold);
        series shares{learner, {}, colour};
        measurement::histogram::for_each_index([&]<int K>() {
          double mean = 0;
          for (auto const& [seed, history] : found->second)
            mean +=
                measurement::histogram::get<K>(history.back()) / static_cast<double>(found->second.size());
          shares.points.push_back({4.0 * K + 2.5, mean, mean, mean});
        });
        bins.curves.push_back(shares);
      }
      f.y_range = kl.y_range = trusted.y_range = "0:1.02";
      trusted.right_label                      = "reward model [standard deviations]";
      for (figure* one : {&f, &trusted, &kl, &bins}) to.show(*one);
    }
  }
}

void show_log_ratios(length_gallery& to) {
  for (std::string const over : preference_names) {
    figure f{"log_prob_difference_" + over,
             "F2: log pi / pi_ref on offline pairs, " + over + "; dashed: rejected",
             "gradient steps",
             "nats per response",
             {}};
    for (auto const& [learner, colour] : learner_colours) {
      std::string const arm = learner + ("." + over) + ".offline";
      to.add_curve(f, arm, learner, colour, &measurement::step, &measurement::chosen_log_ratio);
      to.add_curve(f, arm, "", colour, &measurement::step, &measurement::rejected_log_ratio, true);
    }
    to.show(f);
  }
}

}  // namespace

void show_figures(length_gallery& to) {
  for (auto* const part : {show_lengths, show_learners, show_collections, show_reuse, show_log_ratios})
    part(to);
}

}  // namespace length_study
