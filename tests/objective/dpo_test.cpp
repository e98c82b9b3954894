// DPO: a worked example, and what it is at a tie.
// SPDX-License-Identifier: MIT
#include "poft/objective/dpo.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(dpo, worked_example) {
  // beta h = 2: log(1 + e^-2), slope -beta sigmoid(-2)
  double const slope = 0.5 * worked::sigmoid(-2);
  expect(objective::dpo{.beta = 0.5}, pair, worked::softplus(-2), {-slope, slope});
}

TEST(dpo, a_policy_equal_to_its_reference_pays_log_2) {
  // sigmoid(0) = 1/2
  expect(objective::dpo{.beta = 0.1}, preference_pair<double>{-7, -9, -7, -9}, std::log(2.0), {-0.05, 0.05});
}

TEST(dpo, refuses_beta_0) { EXPECT_STREQ(objective::dpo{.beta = 0}.invalid(), "dpo: beta must be > 0"); }
}  // namespace
