// RRHF: a worked example and its closed gradient against dual numbers.
// SPDX-License-Identifier: MIT
#include "poft/objective/rrhf.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "poft/scalar/dual.hpp"

namespace {
using namespace poft;

double loss_of(objective::rrhf const& objective, std::vector<double> const& log_prob,
               std::vector<double> const& tokens, std::vector<double> const& reward,
               std::vector<double>& gradient) {
  return objective(rewarded_list_with_tokens<double>{log_prob, tokens, reward}, view<double>(gradient));
}

TEST(rrhf, worked_example) {
  // Means -1, -3, -2 with rewards 1, 2, 2: the first is too likely by 2 and by 1, the tied two are not compared;
  // of the two best the first counts, 0.5 * 3.
  std::vector<double> gradient(3);
  EXPECT_EQ(loss_of({.nll_coefficient = 0.5}, {-2, -3, -8}, {2, 1, 4}, {1, 2, 2}, gradient), 2 + 1 + 1.5);
  EXPECT_EQ(gradient, (std::vector<double>{2.0 / 2, -1 - 0.5, -0.25}));
}

/// The formula as it is written, over dual numbers.
template <class S>
S by_the_formula(std::vector<S> const& log_prob, std::vector<double> const& tokens,
                 std::vector<double> const& reward) {
  S loss           = constant<S>(0);
  std::size_t best = 0;
  for (std::size_t i = 0; i < reward.size(); ++i) {
    if (reward[i] > reward[best]) best = i;
    for (std::size_t j = 0; j < reward.size(); ++j) {
      if (reward[i] < reward[j]) loss = loss + max(0.0, log_prob[i] / tokens[i] - log_prob[j] / tokens[j]);
    }
  }
  return loss - log_prob[best] / tokens[best];
}

TEST(rrhf, equals_dual_numbers) {
  std::vector<double> const log_prob{-7, -2, -30, -4.5, -9}, tokens{3, 1, 11, 2, 7},
      reward{0.3, -1, 2, 0.3, 1};
  std::vector<dual<double, 5>> live;
  for (int k = 0; k < 5; ++k) live.emplace_back(log_prob[static_cast<std::size_t>(k)], k);
  auto const want = by_the_formula(live, tokens, reward);
  std::vector<double> gradient(5);
  EXPECT_NEAR(loss_of({}, log_prob, tokens, reward, gradient), want.value, 1e-14);
  for (std::size_t k = 0; k < 5; ++k) EXPECT_NEAR(gradient[k], want.partial[k], 1e-15);
}

TEST(rrhf, of_nothing_is_0) {
  std::vector<double> none;
  EXPECT_EQ(loss_of({}, none, none, none, none), 0);
}
}  // namespace
