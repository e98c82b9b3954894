// f-divergence links: worked examples, names, and margins whose parts overflow.
// SPDX-License-Identifier: MIT
#include "poft/objective/f_divergence.hpp"

#include "objective/support/worked.hpp"
#include "poft/objective/hinge.hpp"
#include "poft/objective/ipo.hpp"

namespace {
using namespace poft;
using namespace worked;

using objective::alpha_divergence, objective::f_divergence, objective::fdpo, objective::forward_kl,
    objective::js;

TEST(f_divergence, worked_examples) {
  // a_w = 1, a_l = -3. Forward KL: h = -e^-1 + e^3, slopes e^-1 and e^3.
  double const h = std::exp(3.0) - std::exp(-1.0), slope = 0.1 * worked::sigmoid(-0.1 * h);
  expect(fdpo<forward_kl>{{.beta = 0.1}, {}}, pair, worked::softplus(-0.1 * h),
         {-slope * std::exp(-1.0), slope * std::exp(3.0)});
  // Jensen-Shannon in IPO: h = -log(1 + e^-1) + log(1 + e^3), slopes sigmoid(-1) and sigmoid(3).
  double const of_js = worked::softplus(3) - worked::softplus(-1) - 1;
  expect(f_divergence<objective::ipo, js>{{.tau = 0.5}, {}}, pair, of_js * of_js,
         {2 * of_js * worked::sigmoid(-1), -2 * of_js * worked::sigmoid(3)});
  // alpha 1/2 in the hinge: h = -2 e^-0.5 + 2 e^1.5, slopes e^-0.5 and e^1.5.
  double const of_alpha = 2 * std::exp(1.5) - 2 * std::exp(-0.5);
  expect(f_divergence<objective::hinge, alpha_divergence>{{.beta = 0.1}, {.alpha = 0.5}}, pair,
         1 - 0.1 * of_alpha, {-0.1 * std::exp(-0.5), 0.1 * std::exp(1.5)});
}

TEST(f_divergence, is_named_after_loss_and_link) {
  EXPECT_STREQ(fdpo<forward_kl>::name, "fdpo_forward_kl");
  EXPECT_STREQ((f_divergence<objective::hinge, alpha_divergence>::name), "fhinge_alpha");
  using parameters = fdpo<alpha_divergence>::parameters;
  EXPECT_STREQ(parameters::at<0>::name, "beta");
  EXPECT_STREQ(parameters::at<1>::name, "alpha");
}

TEST(f_divergence, a_tie_of_overflowing_exponentials_is_a_tie) {
  // exp(1000) - exp(1000) in float: the margin is 0
  auto const tie = value_and_gradient(fdpo<forward_kl>{}, preference_pair<float>{-1000, -1000, 0, 0});
  EXPECT_FLOAT_EQ(tie.value, std::log(2.0f));
  EXPECT_LT(tie.gradient.chosen, 0);
  EXPECT_GT(tie.gradient.rejected, 0);
}

TEST(f_divergence, a_won_pair_costs_nothing_and_a_lost_one_everything) {
  auto const won = value_and_gradient(fdpo<forward_kl>{}, preference_pair<float>{-1, -1000, 0, 0});
  EXPECT_EQ(won.value, 0);
  EXPECT_EQ(won.gradient.chosen, 0);
  EXPECT_EQ(won.gradient.rejected, 0);  // a flat loss, although phi has an infinite slope there
  auto const lost = value_and_gradient(fdpo<forward_kl>{}, preference_pair<float>{-1000, -1, 0, 0});
  EXPECT_EQ(lost.value, INFINITY);
  EXPECT_LT(lost.gradient.chosen, -1e30f);
  EXPECT_FLOAT_EQ(lost.gradient.rejected, 0.1f * std::exp(1.0f));
}

TEST(f_divergence, both_parts_are_asked_for_their_range) {
  EXPECT_STREQ((fdpo<js>{{.beta = -1}, {}}.invalid()), "dpo: beta must be > 0");
  EXPECT_STREQ((fdpo<alpha_divergence>{{}, {.alpha = INFINITY}}.invalid()),
               "alpha_divergence: alpha must be finite");
}
}  // namespace
