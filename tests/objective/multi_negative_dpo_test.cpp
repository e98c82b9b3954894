// DPO with several negatives: worked example, golden values, dual numbers, one negative.
// SPDX-License-Identifier: MIT
#include "poft/objective/multi_negative_dpo.hpp"

#include "objective/support/list_rows.hpp"
#include "poft/objective/dpo.hpp"
#include "poft/objective/plackett_luce.hpp"

namespace {
using namespace poft;
using objective::multi_negative_dpo;

TEST(multi_negative_dpo, worked_example) {
  // a = 0, log 2, log 3: log(1 + 2 + 3), slopes -5/6, 2/6, 3/6
  std::vector<double> const log_prob{-4, -4 + std::log(2.0), -4 + std::log(3.0)}, reference{-4, -4, -4};
  std::vector<double> gradient(3);
  EXPECT_NEAR(multi_negative_dpo{.beta = 1}({log_prob, reference}, view<double>(gradient)), std::log(6.0),
              1e-15);
  golden::expect_close(gradient, {-5.0 / 6, 2.0 / 6, 3.0 / 6}, "gradient");
}

TEST(multi_negative_dpo, golden) {
  for (auto const& one : golden::cases("L_extra", "multi_negative_dpo")) {
    multi_negative_dpo const objective{golden::hyper(one, "beta")};
    golden::expect_lists(one, "l", [&](golden::list_columns const& row, std::size_t, view<double> gradient) {
      return objective({row.of("l"), row.of("r")}, gradient);
    });
  }
}

TEST(multi_negative_dpo, closed_form_is_the_formula_on_duals) {
  std::vector<double> const log_prob{-3, -5.5, -2.25, -9}, reference{-3.5, -4, -2, -10};
  std::vector<double> gradient(4);
  double const loss = multi_negative_dpo{.beta = 0.5}({log_prob, reference}, view<double>(gradient));
  auto const l      = golden::duals<4>(log_prob);
  dual<double, 4> sum(1.0);
  for (std::size_t j = 1; j < 4; ++j) sum = sum + exp(0.5 * ((l[j] - reference[j]) - (l[0] - reference[0])));
  golden::expect_dual(loss, gradient, log(sum));
}

TEST(multi_negative_dpo, one_negative_is_dpo_and_the_first_place_of_a_ranking) {
  std::vector<double> const log_prob{-3, -5.5}, reference{-3.5, -4};
  std::vector<std::int32_t> const ranking{0, 1};
  std::vector<double> gradient(2), of_ranking(2);
  double const loss = multi_negative_dpo{.beta = 0.3}({log_prob, reference}, view<double>(gradient));
  auto const pair =
      value_and_gradient(objective::dpo{.beta = 0.3}, preference_pair<double>{-3, -5.5, -3.5, -4});
  EXPECT_NEAR(loss, pair.value, 1e-15);
  golden::expect_close(gradient, {pair.gradient.chosen, pair.gradient.rejected}, "gradient");
  EXPECT_NEAR(
      loss, (objective::plackett_luce{.beta = 0.3}({log_prob, reference, ranking}, view<double>(of_ranking))),
      1e-15);
  golden::expect_close(gradient, of_ranking, "gradient");
}

TEST(multi_negative_dpo, a_chosen_response_far_ahead_keeps_its_digits) {
  std::vector<double> const log_prob{0, -50, -50};
  std::vector<double> gradient(3);
  double const loss = multi_negative_dpo{.beta = 1}({log_prob, {}}, view<double>(gradient));
  EXPECT_NEAR(loss / (2 * std::exp(-50.0)), 1, 1e-14);  // log(1 + x) for x below every rounding
  EXPECT_NEAR(gradient[0] / (-2 * std::exp(-50.0)), 1, 1e-14);
}

TEST(multi_negative_dpo, refuses_beta_that_is_not_positive) {
  EXPECT_STREQ((multi_negative_dpo{.beta = 0}.invalid()), "multi_negative_dpo: beta must be > 0");
}
}  // namespace
