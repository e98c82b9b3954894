// CPO: a worked example; a count of 1 gives the paper's sum.
// SPDX-License-Identifier: MIT
#include "poft/objective/cpo.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(cpo, worked_example) {
  // beta * 2 = 1, and 0.3 * 3 / 2
  double const value = 0.9 * worked::softplus(-1) + 0.1 * worked::softplus(1) + 0.45;
  double const slope = 0.5 * (worked::sigmoid(1) - 0.9);
  expect(objective::cpo{.beta = 0.5, .label_smoothing = 0.1, .nll_coefficient = 0.3}, reference_free, value,
         {slope - 0.15, -slope});
}

TEST(cpo, takes_the_summed_likelihood_of_one_token) {
  expect(objective::cpo{.beta = 0.5}, reference_free_pair<double>{-3, -5, 1, 1}, worked::softplus(-1) + 3,
         {-0.5 * worked::sigmoid(-1) - 1, 0.5 * worked::sigmoid(-1)});
}
}  // namespace
