// NCA on pairs: a worked example and its minimum.
// SPDX-License-Identifier: MIT
#include "poft/objective/nca_pair.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(nca_pair, worked_example) {
  // r_w = 0.5, r_l = -1.5
  double const value = worked::softplus(-0.5) + 0.5 * worked::softplus(0.5) + 0.5 * worked::softplus(-1.5);
  expect(objective::nca_pair{.beta = 0.5}, pair, value,
         {0.5 * (0.5 * worked::sigmoid(0.5) - worked::sigmoid(-0.5)), 0.25 * worked::sigmoid(-1.5)});
}

TEST(nca_pair, leaves_a_chosen_response_alone_at_two_thirds) {
  // sigmoid(log 2) = 2/3
  auto const result =
      value_and_gradient(objective::nca_pair{.beta = 1}, preference_pair<double>{std::log(2.0), 0, 0, 0});
  EXPECT_NEAR(result.gradient.chosen, 0, 1e-16);
}
}  // namespace
