// Policy-gradient objectives of single actions (tokens or whole responses) and KL penalties.
// SPDX-License-Identifier: MIT
#include "golden/poft_golden_batch.hpp"
#include "golden/poft_golden_surrogates.hpp"
#include "poft/preference/advantage.hpp"

namespace poft::golden {
namespace {

using namespace objective;

/// exp of the objective's own log_importance_ratio, example by example.
template <class Objective>
void expect_ratio(golden_case& c, columns<Objective> const& in) {
  std::vector<double> ratio;
  for (std::size_t i = 0; i < in.size(); ++i) ratio.push_back(exp(log_importance_ratio(in.example(i))));
  c.expect("ratio", ratio);
}

template <class Objective>
void check_with_ratio(golden_case& c) {
  auto const in = read_columns<Objective>(c);
  expect_batch(c, configured<Objective>(c), in);
  expect_ratio(c, in);
}

void check_ppo(golden_case& c) {
  with_penalised<ppo_clip>(c.text("kl"), [&]<class Objective>(Objective) {
    check_with_ratio<Objective>(c);
    c.hyper("kl_coef");
    c.pass_over_input("l_ref");
  });
  with_estimator(c.text("kl"), [&]<class Estimator>(Estimator) {
    if constexpr (std::is_same_v<Estimator, no_penalty>) {
      c.expect("kl", std::vector<double>(c.input("l").size(), 0.0));
    } else {
      expect_losses(c, "kl", kl_penalty<Estimator>{1}, read_columns<kl_penalty<Estimator>>(c));
    }
  });
}

void expect_reinforce(golden_case& c, std::vector<double> const& advantages) {
  c.expect("advantage", advantages);
  auto in         = read_columns<reinforce>(c);
  in["advantage"] = advantages;
  expect_batch(c, configured<reinforce>(c), in);
}

void check_reinforce(golden_case& c) {
  auto const rewards = c.input("R");
  bool const scale   = c.flag("normalise");
  double const eps = c.hyper("std_eps"), constant = c.hyper("b");
  if (c.text("baseline") == "mean")
    return expect_reinforce(
        c, preference::batch_mean_baseline(rewards, {.scale   = scale ? preference::advantage_scale::batch
                                                                      : preference::advantage_scale::none,
                                                     .ddof    = 0,
                                                     .epsilon = eps}));
  if (c.text("baseline") != "constant") throw format_error("unknown baseline " + c.text("baseline"));
  auto advantages = preference::constant_baseline(rewards, constant);
  for (double& advantage : advantages)
    if (scale)
      advantage = preference::over(advantage,
                                   preference::moments(std::span<double const>(rewards), 0).deviation + eps);
  expect_reinforce(c, advantages);
}

void check_rloo(golden_case& c) {
  expect_reinforce(c, preference::leave_one_out(c.input("R"), c.shape("R").at(1)));
}

}  // namespace

void add_policy_gradient(checks& all) {
  all["reinforce"]              = check_reinforce;
  all["rloo"]                   = check_rloo;
  all["ppo_seq"]                = check_ppo;
  all["ppo_dual_clip"]          = check_with_ratio<ppo_dual_clip>;
  all["ppo_two_sided"]          = check_with_ratio<ppo_two_sided>;
  all["cispo_relative"]         = check_with_ratio<cispo_relative>;
  all["cispo_absolute"]         = check_with_ratio<cispo_absolute>;
  all["sapo"]                   = check_with_ratio<sapo>;
  all["kl_k1"]                  = check_batch<kl_penalty<k1>>;
  all["kl_k2"]                  = check_batch<kl_penalty<k2>>;
  all["kl_k3"]                  = check_batch<kl_penalty<k3>>;
  all["kl_abs"]                 = check_batch<kl_penalty<absolute_difference>>;
  all["kl_k1_straight_through"] = check_batch<kl_penalty<k1_straight_through>>;
  all["kl_k3_straight_through"] = check_batch<kl_penalty<k3_straight_through>>;
}

}  // namespace poft::golden
