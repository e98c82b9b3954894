// CISPO, relative and absolute: worked examples and golden values.
// SPDX-License-Identifier: MIT
#include "poft/objective/cispo.hpp"

#include "objective/support/golden_rows.hpp"

namespace {
using namespace poft;
using objective::cispo_absolute, objective::cispo_relative;

TEST(cispo, worked_example) {
  // rho = 2 counts as 1.2: -1.2 * 3 * log(0.4), slope -3.6; PPO's clip would have none
  policy_step<double> const step{std::log(0.4), std::log(0.2), 3};
  auto const relative = value_and_gradient(cispo_relative{}, step);
  EXPECT_NEAR(relative.value, -3.6 * std::log(0.4), 1e-15);
  EXPECT_NEAR(relative.gradient.log_prob, -3.6, 1e-15);
  // below the absolute bound of 5 the weight is rho itself, a constant
  EXPECT_NEAR(value_and_gradient(cispo_absolute{}, step).gradient.log_prob, -6, 1e-14);
  EXPECT_NEAR(value_and_gradient(cispo_absolute{.max_ratio = 0.2}, step).gradient.log_prob, -0.6, 1e-15);
}

TEST(cispo, golden) {
  golden::sources const from = {{"log_prob", "l"}, {"old_log_prob", "l_old"}, {"advantage", "A"}};
  for (auto const& one : golden::cases("L_extra", "cispo_relative")) {
    golden::expect_rows(one, cispo_relative{golden::hyper(one, "eps_low"), golden::hyper(one, "eps_high")},
                        from);
  }
  for (auto const& one : golden::cases("L_extra", "cispo_absolute")) {
    golden::expect_rows(one, cispo_absolute{golden::hyper(one, "eps_high")}, from);
  }
}

TEST(cispo, refuses_empty_bounds) {
  EXPECT_STREQ((cispo_relative{.eps_low = 0}.invalid()), "cispo_relative: eps_low must be > 0");
  EXPECT_STREQ((cispo_absolute{.max_ratio = 0}.invalid()), "cispo_absolute: max_ratio must be > 0");
}
}  // namespace
