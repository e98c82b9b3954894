// Policy-gradient surrogates on tokens in masked rows: PPO, GRPO and their relatives.
// SPDX-License-Identifier: MIT
#include "golden/poft_golden_tokens.hpp"
#include "poft/preference/advantage.hpp"

namespace poft::golden {
namespace {

using namespace objective;

template <class Objective>
void expect_policy(golden_case& c, Objective const& objective, std::vector<double> const& advantages) {
  counted_tokens const counted(c, "mask");
  columns<Objective> in;
  in["log_prob"]  = counted.gather(c.input("lp"));
  in["advantage"] = counted.gather(advantages);
  auto const take = [&](char const* ours, char const* theirs) {
    if constexpr (columns<Objective>::frozen::count > 1) {
      columns<Objective>::frozen::for_each_index([&]<int K>() {
        if (std::string_view(ours) == columns<Objective>::frozen::template at<K>::name)
          in[ours] = counted.gather(c.input(theirs));
      });
    }
    c.pass_over_input(theirs);
  };
  take("old_log_prob", "lp_old");
  take("reference_log_prob", "lp_ref");
  case_aggregation const aggregation(c);
  expect_tokens(c, objective, in, counted, counted.reduced_by(aggregation.how, aggregation.max_tokens), "lp");
}

template <class Surrogate>
void expect_surrogate(golden_case& c, std::vector<double> const& advantages) {
  with_penalised<Surrogate>(c.text("kl"), [&](auto objective) {
    c.pass_over_hyper("kl_coef");
    expect_policy(c, configured(c, objective), advantages);
  });
}

void check_ppo_token(golden_case& c) { expect_surrogate<ppo_clip>(c, c.input("A")); }

void check_pg_token(golden_case& c) {
  auto const surrogate = c.text("surrogate");
  auto const advantage = c.input("A");
  if (surrogate == "reinforce") return expect_surrogate<reinforce>(c, advantage);
  if (surrogate == "clip") return expect_surrogate<ppo_clip>(c, advantage);
  if (surrogate == "dual_clip") return expect_surrogate<ppo_dual_clip>(c, advantage);
  if (surrogate == "two_sided") return expect_surrogate<ppo_two_sided>(c, advantage);
  if (surrogate == "cispo_relative") return expect_surrogate<cispo_relative>(c, advantage);
  if (surrogate == "cispo_absolute") return expect_surrogate<cispo_absolute>(c, advantage);
  if (surrogate == "sapo") return expect_surrogate<sapo>(c, advantage);
  throw format_error("unknown surrogate " + surrogate);
}

void check_grpo(golden_case& c) {
  auto const advantages = preference::relative_to_group(
      "grpo", c.input("R"), static_cast<std::size_t>(c.hyper("group")),
      {.scale   = c.flag("scale") ? preference::advantage_scale::group : preference::advantage_scale::none,
       .ddof    = static_cast<int>(c.hyper("std_ddof")),
       .epsilon = c.hyper("std_eps")});
  c.expect("advantage", advantages);
  expect_surrogate<ppo_clip>(c, advantages);
}

}  // namespace

void add_policy_tokens(checks& all) {
  all["ppo_token"] = check_ppo_token;
  all["pg_token"]  = check_pg_token;
  all["grpo"]      = check_grpo;
  all["drgrpo"]    = check_grpo;
  all["dapo"]      = check_grpo;
}

}  // namespace poft::golden
