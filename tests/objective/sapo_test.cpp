// SAPO: a worked example, golden values, ratios beyond the type.
// SPDX-License-Identifier: MIT
#include "poft/objective/sapo.hpp"

#include "objective/support/golden_rows.hpp"

namespace {
using namespace poft;
using objective::sapo;

TEST(sapo, worked_example) {
  // rho = 1: -(4 / tau)(1/2) A = -4 A for tau = 1/2, and the slope is REINFORCE's -A whatever tau is
  auto const result = value_and_gradient(sapo{.temperature_positive = 0.5}, policy_step<double>{-2, -2, 3});
  EXPECT_EQ(result.value, -12.0);
  EXPECT_EQ(result.gradient.log_prob, -3.0);
}

TEST(sapo, golden) {
  for (auto const& one : golden::cases("L_extra", "sapo")) {
    golden::expect_rows(one, sapo{golden::hyper(one, "tau_pos"), golden::hyper(one, "tau_neg")},
                        {{"log_prob", "l"}, {"old_log_prob", "l_old"}, {"advantage", "A"}});
  }
}

TEST(sapo, a_ratio_beyond_the_type_leaves_the_flat_end_of_the_gate) {
  auto const result = value_and_gradient(sapo{}, policy_step<float>{-1, -1e5f, 1});
  EXPECT_EQ(result.value, -4.0f);
  EXPECT_EQ(result.gradient.log_prob, 0.0f);
}

TEST(sapo, refuses_temperatures_that_are_not_positive) {
  EXPECT_STREQ((sapo{.temperature_positive = 0}.invalid()), "sapo: temperature_positive must be > 0");
  EXPECT_STREQ((sapo{.temperature_negative = 0}.invalid()), "sapo: temperature_negative must be > 0");
}
}  // namespace
