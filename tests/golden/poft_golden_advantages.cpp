// Advantages: relative to a group, whitened, generalised.
// SPDX-License-Identifier: MIT
#include <cmath>

#include "golden/poft_golden_case.hpp"
#include "poft/core/error.hpp"
#include "poft/preference/advantage.hpp"

namespace poft::golden {
namespace {

void check_group_advantage(golden_case& c) {
  auto const rewards  = c.input("R");
  auto const group    = static_cast<std::size_t>(c.hyper("group"));
  auto const scale    = c.text("scale");
  auto const ddof     = static_cast<int>(c.hyper("std_ddof"));
  double const margin = c.hyper("std_eps");
  if (scale == "group")
    return c.expect("advantage",
                    preference::group_mean_std(rewards, group, {.ddof = ddof, .epsilon = margin}));
  auto advantages = preference::dr_grpo(rewards, group);
  if (scale == "batch") {
    double const deviation = preference::moments(std::span<double const>(rewards), ddof).deviation;
    for (double& advantage : advantages) advantage = preference::over(advantage, deviation + margin);
  } else if (scale != "none") {
    throw format_error("unknown scale " + scale);
  }
  c.expect("advantage", advantages);
}

void check_whitening(golden_case& c) {
  auto const x         = c.input("x");
  double const epsilon = c.hyper("eps");
  auto const ddof      = static_cast<int>(c.hyper("std_ddof"));
  if (ddof == 1) return c.expect("advantage", preference::whiten(x, true, epsilon));
  if (epsilon != 0) throw format_error("whitening with ddof 0 and eps > 0 is not in the library");
  c.expect("advantage",
           preference::batch_mean_baseline(x, {.scale = true, .ddof = ddof, .epsilon = epsilon}));
}

void check_gae(golden_case& c) {
  auto const rewards = c.input("r"), values = c.input("V"), last = c.input("V_last");
  auto const lengths     = c.integers<std::size_t>("T");
  std::size_t const time = c.shape("r").at(1);
  std::vector<double> advantages(rewards.size()), returns(rewards.size());
  for (std::size_t b = 0; b < lengths.size(); ++b) {
    auto const row = [&](std::vector<double> const& all) {
      return std::span(all).subspan(b * time, lengths[b]);
    };
    auto const got = preference::generalised_advantage(
        row(rewards), row(values), last.at(b), {.gamma = c.hyper("gamma"), .lambda = c.hyper("lambda")});
    for (std::size_t t = 0; t < lengths[b]; ++t) {
      advantages[b * time + t] = got.advantage[t];
      returns[b * time + t]    = got.returns[t];
    }
  }
  c.expect("advantage", advantages);
  c.expect("return", returns);
}

}  // namespace

void add_advantages(checks& all) {
  all["group_advantage"] = check_group_advantage;
  all["whitening"]       = check_whitening;
  all["gae"]             = check_gae;
}

}  // namespace poft::golden
