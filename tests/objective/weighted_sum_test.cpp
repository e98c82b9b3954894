// A sum of two objectives: a worked example, names, parameters.
// SPDX-License-Identifier: MIT
#include "poft/objective/weighted_sum.hpp"

#include "objective/support/worked.hpp"
#include "poft/objective/chosen_nll.hpp"
#include "poft/objective/dpo.hpp"
#include "poft/objective/dpo_nll.hpp"

namespace {
using namespace poft;
using namespace worked;

using objective::chosen_nll, objective::dpo, objective::dpo_nll, objective::weighted_sum;

TEST(weighted_sum, worked_example) {
  // 0.7 log(1 + e^-2) + 0.3 * 3 / 2
  double const slope = 0.7 * 0.5 * worked::sigmoid(-2);
  expect(weighted_sum<dpo, chosen_nll>{{.beta = 0.5}, {}, 0.7, 0.3}, long_pair,
         0.7 * worked::softplus(-2) + 0.45, {-slope - 0.15, slope});
}

TEST(weighted_sum, with_a_first_weight_of_1_is_dpo_nll) {
  EXPECT_EQ((weighted_sum<dpo, chosen_nll>{{.beta = 0.5}, {}, 1, 0.3}(long_pair)),
            (dpo_nll{.beta = 0.5, .alpha = 0.3}(long_pair)));
}

TEST(weighted_sum, names_itself_and_its_parameters) {
  using sum = weighted_sum<dpo, chosen_nll>;
  EXPECT_STREQ(sum::name, "dpo_chosen_nll");
  EXPECT_STREQ(sum::parameters::at<0>::name, "first_weight");
  EXPECT_STREQ(sum::parameters::at<2>::name, "beta");
  EXPECT_STREQ((sum{{.beta = 0}, {}}.invalid()), "dpo: beta must be > 0");
}
}  // namespace
