// What runs are made of: how well scores separate noise, what weights are worth, and P1's check.
// SPDX-License-Identifier: MIT
#include "text_study/runner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/scratch_folder.hpp"
#include "text_study/gradient.hpp"

namespace {

using namespace text_study;

TEST(runner, auroc_by_hand) {
  std::vector<sample> samples(5);
  samples[1].clean = samples[3].clean = false;
  // Clean 0.9, 0.4, 0.2 against spoilt 0.3, 0.2: of 6 pairs 2 + 2 + half a tie are won.
  EXPECT_NEAR(auroc(samples, {0.9, 0.3, 0.4, 0.2, 0.2}), 4.5 / 6, 1e-15);
  EXPECT_NEAR(auroc(samples, {1, 0, 1, 0, 1}), 1, 1e-15);
  EXPECT_NEAR(auroc(samples, {0, 0, 0, 0, 0}), 0.5, 1e-15);
  EXPECT_TRUE(std::isnan(auroc({samples[0]}, {1})));
}

TEST(runner, effective_share_by_hand) {
  EXPECT_NEAR(effective_share({2, 2, 2, 2}), 1, 1e-15);
  EXPECT_NEAR(effective_share({1, 0, 0, 0}), 0.25, 1e-15);
  EXPECT_NEAR(effective_share({3, 1}), 16.0 / 20, 1e-15);
}

// What the controls are given in the place of the scores, from a model that knows nothing: its mean log-prob is -log of its
// vocabulary, whatever the response.
TEST(runner, controls_are_given_what_they_say) {
  support::scratch_folder const at("text_controls");
  model_plan plan{
      .name = "start", .layers = 1, .channels = 32, .data = {.name = "start"}, .samples = 64, .steps = 1};
  language_model model = train_model(plan, {}, at.path);
  std::ranges::fill(model.net->parameters(), 0.0f);
  double const says = -std::log(static_cast<double>(model.net->config().vocab));
  scored_data data;
  data.samples = draw_samples({.name = "test", .definitions = 0}, pool::target, 40, {}, 1);
  for (std::size_t k = 0; k < data.samples.size(); ++k) {
    data.score.push_back(-0.1 * static_cast<double>(k));
    data.rating.push_back(static_cast<double>(k));
  }
  arm one{.id = "test", .by = method::poft, .beta = 2};
  auto const given = [&] { return supervised(one, 7, data, model); };
  EXPECT_EQ(given().first.column("aligned_score"), data.score);

  one.judged_by       = scores::permuted;
  auto const permuted = given().first.column("aligned_score");
  EXPECT_NE(permuted, data.score);
  EXPECT_TRUE(std::ranges::is_permutation(permuted, data.score));

  one.judged_by = scores::constant;
  double mean   = 0;  // of the coefficients, beta sigmoid(-beta (log p - score))
  for (double const score : data.score) mean += 2 / (1 + std::exp(2 * (says - score))) / 40;
  auto const constant = given();
  for (double const weight : constant.first.column("example_weight")) EXPECT_NEAR(weight, mean, 1e-5);
  EXPECT_EQ(constant.second.objective.name(), "nll");

  one.judged_by = scores::aligned;
  one.share     = 0.5;
  for (auto const& [keep, from] : {std::pair(selection::preference, 0), std::pair(selection::external, 20)}) {
    one.keep        = keep;
    auto const kept = given().first;
    ASSERT_EQ(kept.examples(), 20);
    for (std::size_t k = 0; k < 20; ++k)
      EXPECT_EQ(kept.column("aligned_score")[k], data.score[k + static_cast<std::size_t>(from)]);
  }
}

// Eq. 7 - 9 of arXiv:2412.12865 through model, trainer and objective.
TEST(runner, gradients_of_poft_are_tau_times_those_of_sft) {
  auto const checks = check_gradients(1);
  ASSERT_EQ(checks.size(), 2u);
  for (gradient_check const& one : checks) {
    EXPECT_LT(one.error, 1e-12) << one.target;
    EXPECT_GT(one.inside, 0);
    EXPECT_GT(one.rise, 0);
  }
}

}  // namespace
