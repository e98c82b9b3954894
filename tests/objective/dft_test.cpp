// Dynamic fine-tuning: a worked example and golden values.
// SPDX-License-Identifier: MIT
#include "poft/objective/dft.hpp"

#include "objective/support/token_rows.hpp"

namespace {
using namespace poft;

TEST(dft, worked_example) {
  // pi = 1/4: L = -(1/4) log(1/4) = log(4)/4, and the slope is -pi, not -pi (1 + log pi)
  auto const result = value_and_gradient(objective::dft{}, token<double>{std::log(0.25)});
  EXPECT_NEAR(result.value, std::log(4.0) / 4, 1e-16);
  EXPECT_NEAR(result.gradient.log_prob, -0.25, 1e-16);
}

TEST(dft, golden) {
  for (auto const& one : golden::cases("L_extra", "dft")) {
    golden::expect_rows(one, objective::dft{}, {{"log_prob", "l"}});
  }
  for (auto const& one : golden::cases("L_extra", "dft_token")) {
    golden::expect_tokens(one, objective::dft{}, {{"log_prob", golden::numbers(one["inputs"]["lp"])}},
                          golden::aggregation_of(one));
  }
}
}  // namespace
