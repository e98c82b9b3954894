// PRO: worked example, golden values, dual numbers.
// SPDX-License-Identifier: MIT
#include "poft/objective/pro.hpp"

#include "objective/support/list_rows.hpp"

namespace {
using namespace poft;
using objective::pro;

TEST(pro, worked_example) {
  // s = -1, -2, rewards 3 and 1: both exponents have factor 2, log(e^-2 + e^-4) + 2 = log(1 + e^-2), plus
  // 0.5 * 2
  std::vector<double> const log_prob{-2, -2}, tokens{2, 1}, reward{3, 1};
  std::vector<double> gradient(2);
  double const loss  = pro{.nll_coefficient = 0.5}({log_prob, tokens, reward}, view<double>(gradient));
  double const share = 1 / (1 + std::exp(2.0));  // of the second
  EXPECT_NEAR(loss, std::log1p(std::exp(-2.0)) + 1, 1e-15);
  golden::expect_close(gradient, {-2 * share / 2 - 0.5, 2 * share}, "gradient");
}

TEST(pro, golden) {
  for (auto const& one : golden::cases("L_extra", "pro")) {
    pro const objective{golden::hyper(one, "nll_coef")};
    golden::expect_lists(one, "l", [&](golden::list_columns const& row, std::size_t, view<double> gradient) {
      return objective({row.of("l"), row.of("T"), row.of("R")}, gradient);
    });
  }
}

TEST(pro, closed_form_is_the_formula_on_duals) {
  std::vector<double> const log_prob{-3, -5.5, -2.25, -9}, tokens{3, 4, 2, 5}, reward{2, 1.5, 1.5, -1};
  std::vector<double> gradient(4);
  double const loss    = pro{.nll_coefficient = 0.1}({log_prob, tokens, reward}, view<double>(gradient));
  auto const l         = golden::duals<4>(log_prob);
  dual<double, 4> want = -0.1 * l[0];
  for (std::size_t k = 0; k < 3; ++k) {
    double const widest = reward[k] - reward[3];
    dual<double, 4> sum = exp(widest * (l[k] / tokens[k]));
    for (std::size_t j = k + 1; j < 4; ++j) sum = sum + exp((reward[k] - reward[j]) * (l[j] / tokens[j]));
    want = want + log(sum) - widest * (l[k] / tokens[k]);
  }
  golden::expect_dual(loss, gradient, want);
}

TEST(pro, refuses_a_negative_coefficient) {
  EXPECT_STREQ((pro{.nll_coefficient = -1}.invalid()), "pro: nll_coefficient must be >= 0");
}
}  // namespace
