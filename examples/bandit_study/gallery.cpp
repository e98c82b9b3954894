// Which figures there are.
// SPDX-License-Identifier: MIT
#include "gallery.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "arms.hpp"
#include "claims.hpp"
#include "poft/bandit/environment.hpp"

namespace study {

using poft::bandit::mean_interval;
using poft::bandit::measurement;
using poft::bandit::student_t_interval;

namespace {

constexpr std::pair<char const*, int> learner_colours[] = {
    {"ipo", 0},          {"dpo", 5},       {"best_of_n", 1},        {"rwr", 2},
    {"pref_ft", 3},      {"reinforce", 4}, {"reinforce_row_kl", 4}, {"rwr_prompt", 7},
    {"ppo_kl_reward", 8}};
int colour_of(std::string const& learner) {
  for (auto const& [name, colour] : learner_colours) {
    if (learner == name) return colour;
  }
  return 6;
}

struct peak_case {
  world const& in;
  std::string reward, title;
};
std::vector<peak_case> peaks() {
  std::vector<peak_case> out;
  for (world const* one : {&one_step(), &sequences()}) {
    std::string const where = one == &sequences() ? ", tokens" : "";
    out.push_back({*one, one->unlikely, "unlikely peak (" + std::string(one->unlikely) + where + ")"});
    out.push_back({*one, one->likely, "likely peak (" + std::string(one->likely) + where + ")"});
  }
  return out;
}

void show_data(bandit_gallery& to) {
  figure data{"data", "B1: pi_data and the rewards", "action", "probability under pi_data", {}};
  series bars{"pi_data", {}, 5};
  bars.bars         = true;
  auto const policy = poft::bandit::squashed_cauchy();
  for (std::size_t a = 0; a < policy.size(); ++a)
    bars.points.push_back({double(a), policy[a], policy[a], policy[a]});
  data.curves.push_back(bars);
  for (auto const& [in, reward, title] : peaks()) {
    if (in.policy == policy_kind::tokens) continue;  // the same of every token
    series line{"reward, " + title, {}, reward == in.unlikely ? 1 : 2};
    line.right_axis = true;
    for (int a = 0; a < 100; ++a) {
      double const value = poft::bandit::parse_reward(reward)(a);
      line.points.push_back({double(a), value, value, value});
    }
    data.curves.push_back(line);
  }
  data.x_range     = "-1.5:100.5";
  data.right_label = "reward";
  data.y_range     = "0:0.1";
  to.show(data);
}

void show_collections(bandit_gallery& to) {
  for (auto const& [in, reward, title] : peaks()) {
    figure f{"queries_" + reward, "B2: Best-of-N, " + title, "rewards asked for", "reward", {}};
    int colour = 0;
    for (varied_size const& batch : in.batches) {
      std::string const size = std::to_string(batch.value);
      to.add_curve(f, "best_of_n." + reward + ".batch" + size, size + " prompts per collection", colour++,
                   &measurement::queries, &measurement::reward);
    }
    for (series& one : f.curves) one.stairs = true;
    f.y_range = "0:1.02";
    to.show(f);
  }
}

void show_reuse(bandit_gallery& to) {
  for (auto const& [in, reward, title] : peaks()) {
    figure f{"reuse_" + reward,
             "B3: inner steps, " + title,
             "T, steps on every collection",
             "reward, mean over the run",
             {}};
    std::string const equal_steps = ".steps" + std::to_string(in.equal_steps);
    for (std::string const& learner : {std::string("best_of_n"), in.ppo}) {
      for (bool const steps : {false, true}) {
        std::vector<std::pair<double, std::string>> arms;
        for (varied_size const& t : in.reuse) {
          arms.emplace_back(t.value, learner + "." + reward + ".passes" + std::to_string(t.value) +
                                         (steps ? equal_steps : ""));
        }
        to.add_points(f, learner + (steps ? ", equal steps" : ", equal rewards"), colour_of(learner), "area",
                      arms, steps);
      }
    }
    f.logarithmic_x = true, f.y_range = "0:1.02";
    to.show(f);
  }
}

void show_offline(bandit_gallery& to) {
  for (auto const& [in, reward, title] : peaks()) {
    figure f{"offline_" + reward, "B4: the same offline samples, " + title, "gradient steps", "reward", {}};
    figure kl{"kl_" + reward,
              "Reward against KL, " + title + "; dashed: on-policy",
              "KL(pi || pi_ref) [nats]",
              "reward",
              {}};
    std::vector<std::string> learners = {"ipo", "dpo", "best_of_n", "rwr", "rwr_prompt", "pref_ft"};
    for (std::string const& one : in.online_learners) {
      if (std::find(learners.begin(), learners.end(), one) == learners.end()) learners.push_back(one);
    }
    for (std::string const& learner : learners) {
      std::string const arm = learner + "." + reward;
      to.add_curve(f, arm + ".offline", learner, colour_of(learner), &measurement::step,
                   &measurement::reward);
      to.add_curve(kl, arm + ".offline", learner, colour_of(learner), &measurement::kl_policy_reference,
                   &measurement::reward);
      bool const online_only = !to.runs().contains(arm + ".offline");
      to.add_curve(kl, arm + ".batch10", online_only ? learner : "", colour_of(learner),
                   &measurement::kl_policy_reference, &measurement::reward, true);
    }
    f.y_range = kl.y_range = "0:1.02";
    to.show(f);
    to.show(kl);
  }
}

void show_log_ratios(bandit_gallery& to) {
  for (auto const& [in, reward, title] : peaks()) {
    figure f{"log_ratios_" + reward,
             "B5: log pi / pi_ref, " + title + "; dashed: rejected",
             "prompts",
             "nats",
             {}};
    for (std::string const learner : {"ipo", "best_of_n", "pref_ft"}) {
      std::vector<std::pair<double, std::string>> arms;
      for (varied_size const& n : in.prompts) {
        arms.emplace_back(n.value, learner + "." + reward + ".prompts" + std::to_string(n.value));
      }
      to.add_points(f, learner, colour_of(learner), "chosen_log_ratio", arms);
      to.add_points(f, "", colour_of(learner), "rejected_log_ratio", arms, true);
      if (learner != "ipo") continue;
      for (auto& [n, arm] : arms) arm += ".target10";
      to.add_points(f, "ipo, target 10", colour_of("dpo"), "chosen_log_ratio", arms);
      to.add_points(f, "", colour_of("dpo"), "rejected_log_ratio", arms, true);
    }
    f.logarithmic_x = true;
    to.show(f);
  }
}

void show_on_policy(bandit_gallery& to) {
  for (auto const& [in, reward, title] : peaks()) {
    figure f{"on_policy_" + reward,
             "B6: on-policy, " + title + "; dashed: offline",
             "gradient steps",
             "reward",
             {}};
    for (std::string const& learner : in.online_learners) {
      to.add_curve(f, learner + "." + reward + ".batch10", learner, colour_of(learner), &measurement::step,
                   &measurement::reward);
    }
    for (std::string const learner : {"ipo", "dpo"}) {
      to.add_curve(f, learner + "." + reward + ".offline", "", colour_of(learner), &measurement::step,
                   &measurement::reward, true);
    }
    f.y_range = "0:1.02";
    to.show(f);
  }
}

void show_samples(bandit_gallery& to) {
  for (auto const& [in, reward, title] : peaks()) {
    if (reward != in.unlikely) continue;
    figure f{in.policy == policy_kind::tokens ? "samples_tokens" : "samples",
             "Responses per prompt, offline, " + title + ", equal rewards",
             "N",
             "final reward",
             {}};
    for (std::string const learner : {"ipo", "dpo", "best_of_n", "rwr", "rwr_prompt", "pref_ft"}) {
      std::vector<std::pair<double, std::string>> arms;
      for (int const n : {2, 5, 10, 20}) {
        arms.emplace_back(
            n, learner + "." + reward + ".offline" + (n == 10 ? "" : ".samples" + std::to_string(n)));
      }
      if (to.values_of(arms[0].second, "final").empty()) continue;
      to.add_points(f, learner, colour_of(learner), "final", arms);
    }
    f.logarithmic_x = true, f.y_range = "0:1.02";
    to.show(f);
  }
}

void show_divergences(bandit_gallery& to) {
  fs::path const &points = to.folder() / "divergence.csv", &bins = to.folder() / "divergence_shapes.csv";
  if (!fs::exists(points) || !fs::exists(bins)) return;
  table const masses = table::read(points), shapes = table::read(bins);
  figure mass{
      "divergence_logits", "B7a: free logits", "gradient steps", "probability in the target's bins", {}};
  figure shape{"divergence_gaussian", "B7b: one squashed Gaussian, seed 1", "bin", "probability", {}};
  int colour = 0;
  for (std::string const kind : {"forward_kl", "reverse_kl"}) {
    std::map<double, std::vector<double>> at;
    for (auto const& row : masses.rows) {
      if (row[0] == kind + ".logits")
        at[text_number(row[2], "divergence.csv")].push_back(text_number(row[3], "divergence.csv"));
    }
    series line{kind, {}, colour};
    for (auto const& [step, values] : at) {
      mean_interval interval = student_t_interval(values);
      if (values.size() < 2) interval.lower = interval.upper = interval.mean;
      line.points.push_back({step, interval.mean, interval.lower, interval.upper});
    }
    mass.curves.push_back(line);

    series last{kind, {}, colour}, target{"target", {}, 6, true};
    for (auto const& row : shapes.rows) {
      if (row[0] != kind + ".gaussian" || row[1] != shapes.rows[0][1]) continue;
      auto const number = [&](std::size_t k) { return text_number(row[k], "divergence_shapes.csv"); };
      last.points.push_back({number(2), number(4), number(4), number(4)});
      target.points.push_back({number(2), number(5), number(5), number(5)});
    }
    if (colour == 0) shape.curves.push_back(target);
    shape.curves.push_back(last);
    ++colour;
  }
  mass.y_range = "0:1.02";
  to.show(mass);
  to.show(shape);
}

}  // namespace

void show_study(bandit_gallery& to) {
  for (auto* const part : {show_data, show_collections, show_reuse, show_offline, show_log_ratios,
                           show_on_policy, show_samples, show_divergences}) {
    part(to);
  }
}

void show_own(bandit_gallery& to) {
  figure steps{"reward_steps", "Reward over gradient steps", "gradient steps", "reward", {}};
  figure queries{"reward_queries", "Reward over rewards asked for", "rewards asked for", "reward", {}};
  figure kl{"reward_kl", "Reward against KL", "KL(pi || pi_ref) [nats]", "reward", {}};
  figure ratios{"log_ratios", "log pi / pi_ref; dashed: rejected", "gradient steps", "nats", {}};
  int colour = 0;
  for (auto const& [arm, seeds] : to.runs()) {
    to.add_curve(steps, arm, arm, colour, &measurement::step, &measurement::reward);
    to.add_curve(queries, arm, arm, colour, &measurement::queries, &measurement::reward);
    to.add_curve(kl, arm, arm, colour, &measurement::kl_policy_reference, &measurement::reward);
    to.add_curve(ratios, arm, arm, colour, &measurement::step, &measurement::chosen_log_ratio);
    to.add_curve(ratios, arm, "", colour++, &measurement::step, &measurement::rejected_log_ratio, true);
  }
  for (series& one : queries.curves) one.stairs = true;
  for (figure* one : {&steps, &queries, &kl, &ratios}) to.show(*one);
}

}  // namespace study
