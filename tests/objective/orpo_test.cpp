// ORPO: a worked example, and log-probs so close to 0 that the odds are infinite.
// SPDX-License-Identifier: MIT
#include "poft/objective/orpo.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(orpo, worked_example) {
  // odds of 1/2 and 1/4: log 1 - log(1/3) = log 3; -log sigmoid(log 3) = log(4/3), slope -1/4 times 1 / (1 - p)
  reference_free_pair<double> const halves{2 * std::log(0.5), 5 * std::log(0.25), 2, 5};
  expect(objective::orpo{.lambda = 0.5, .nll_coefficient = 1}, halves,
         std::log(2.0) + 0.5 * std::log(4.0 / 3), {-0.5 - 0.5 * 0.25 * 2 / 2, 0.5 * 0.25 * (4.0 / 3) / 5});
}

TEST(orpo, has_the_derivative_of_the_limit_at_a_certain_response) {
  // -c - lambda odds(p_l), with odds(1/4) = 1/3
  for (float mean : {0.0f, -1e-38f, -1e-9f}) {
    auto const result =
        value_and_gradient(objective::orpo{}, reference_free_pair<float>{mean, std::log(0.25f), 1, 1});
    EXPECT_NEAR(result.value, -mean, 1e-8f);
    EXPECT_FLOAT_EQ(result.gradient.chosen, -1 - 0.1f / 3);
  }
}

TEST(orpo, two_certain_responses_are_a_tie) {
  auto const tie = value_and_gradient(objective::orpo{}, reference_free_pair<float>{0, 0, 1, 1});
  EXPECT_FLOAT_EQ(tie.value, 0.1f * std::log(2.0f));
  EXPECT_LT(tie.gradient.chosen, -1e20f);
  EXPECT_GT(tie.gradient.rejected, 1e20f);
}
}  // namespace
