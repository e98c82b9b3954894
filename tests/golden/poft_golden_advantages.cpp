// Advantages: relative to a group, whitened, generalised.
// SPDX-License-Identifier: MIT
#include "golden/poft_golden_case.hpp"
#include "poft/core/error.hpp"
#include "poft/preference/advantage.hpp"

namespace poft::golden {
namespace {

void check_group_advantage(golden_case& c) {
  auto const named = c.text("scale");
  auto scale       = preference::advantage_scale::none;
  if (named == "group") {
    scale = preference::advantage_scale::group;
  } else if (named == "batch") {
    scale = preference::advantage_scale::batch;
  } else if (named != "none") {
    throw format_error("unknown scale " + named);
  }
  c.expect("advantage", preference::group_mean_std(c.input("R"), static_cast<std::size_t>(c.hyper("group")),
                                                   {.scale   = scale,
                                                    .ddof    = static_cast<int>(c.hyper("std_ddof")),
                                                    .epsilon = c.hyper("std_eps")}));
}

void check_whitening(golden_case& c) {
  c.expect("advantage", preference::whiten(c.input("x"), {.ddof    = static_cast<int>(c.hyper("std_ddof")),
                                                          .epsilon = c.hyper("eps")}));
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
