// What a first program with poft looks like: one header, one objective, its loss and gradient.
// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdio>

#include "poft/objective/dpo.hpp"
#include "poft/scalar/gradient.hpp"

int main() {
  poft::preference_pair<double> const pair{
      .chosen = -3, .rejected = -1, .reference_chosen = -2, .reference_rejected = -2};
  auto const [loss, gradient] = poft::value_and_gradient(poft::objective::dpo{.beta = 0.1}, pair);
  std::printf("loss %.6f, d/d chosen %.6f\n", loss, gradient.chosen);
  // margin = (-3 + 2) - (-1 + 2) = -2; loss = log(1 + exp(0.2)) = 0.798139
  return std::abs(loss - 0.798139) < 1e-6 ? 0 : 1;
}
