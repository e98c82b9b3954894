// Best of n and its negative gradients: worked examples and golden values of every form.
// SPDX-License-Identifier: MIT
#include "poft/objective/best_of_n.hpp"

#include "objective/support/list_rows.hpp"

namespace {
using namespace poft;
using objective::best_of_n, objective::negatives;

TEST(best_of_n, worked_example) {
  // best 1, worst 2; l = log 1/2, log 1/4, log 1/8
  std::vector<double> const log_prob{std::log(0.5), std::log(0.25), std::log(0.125)}, reward{1, 3, -1};
  std::vector<double> gradient(3);
  rewarded_list<double> const list{.log_prob = log_prob, .reward = reward};
  double const log2 = std::log(2.0);
  EXPECT_NEAR(best_of_n<negatives::none>{}(list, view<double>(gradient)), 2 * log2, 1e-15);
  golden::expect_close(gradient, {0, -1, 0}, "none");
  EXPECT_NEAR(best_of_n<negatives::worst>{.beta = 0.5}(list, view<double>(gradient)), 0.5 * log2, 1e-15);
  golden::expect_close(gradient, {0, -1, 0.5}, "worst");
  EXPECT_NEAR(best_of_n<negatives::average>{.beta = 0.5}(list, view<double>(gradient)), log2, 1e-15);
  golden::expect_close(gradient, {0.25, -1, 0.25}, "average");
  EXPECT_NEAR(best_of_n<negatives::sum>{.beta = 0.5}(list, view<double>(gradient)), 0, 1e-15);
  golden::expect_close(gradient, {0.5, -1, 0.5}, "sum");
  // -0.5 (log 1/2 + log 7/8); slopes p / (1 - p)
  EXPECT_NEAR(best_of_n<negatives::log_complement>{.beta = 0.5}(list, view<double>(gradient)),
              2 * log2 - 0.5 * std::log(7.0 / 16), 1e-15);
  golden::expect_close(gradient, {0.5, -1, 0.5 / 7}, "log_complement");
  // 1/8 is not above 0.6 * 1/4
  EXPECT_NEAR((best_of_n<negatives::sum>{.beta = 0.5, .gate = 0.6}(list, view<double>(gradient))), 1.5 * log2,
              1e-15);
  golden::expect_close(gradient, {0.5, -1, 0}, "gated");
}

template <negatives Which>
void expect_form(char const* family, char const* name, double gate = 0) {
  for (auto const& one : golden::cases(family, name)) {
    best_of_n<Which> const objective{.beta = one["hyper"].contains("beta") ? golden::hyper(one, "beta") : 0.1,
                                     .gate = gate};
    ASSERT_EQ(objective.invalid(), nullptr);
    golden::expect_lists(one, "l", [&](golden::list_columns const& row, std::size_t, view<double> gradient) {
      return objective({row.of("l"), row.of("R"), row.of("r")}, gradient);
    });
  }
}

TEST(best_of_n, golden) {
  expect_form<negatives::none>("F_policy_gradient", "best_of_n_none");
  expect_form<negatives::worst>("F_policy_gradient", "best_of_n_worst");
  expect_form<negatives::average>("F_policy_gradient", "best_of_n_average");
  expect_form<negatives::sum>("F_policy_gradient", "best_of_n_sum");
  expect_form<negatives::log_complement>("F_policy_gradient", "best_of_n_log_complement");
}
TEST(best_of_n, golden_constrained) {
  expect_form<negatives::sum>("F_policy_gradient", "best_of_n_sum_constrained");
  expect_form<negatives::worst>("L_extra", "best_of_n_worst_constrained");
  expect_form<negatives::average>("L_extra", "best_of_n_average_constrained");
}
TEST(best_of_n, golden_gated) {
  expect_form<negatives::average>("F_policy_gradient", "best_of_n_average_gated", 0.01);
  expect_form<negatives::sum>("F_policy_gradient", "best_of_n_sum_gated", 0.01);
}

TEST(best_of_n, the_gate_has_a_floor_below_which_everything_is_left_alone) {
  // pi(best) = e^-100 is nothing beside 1e-24: a sample of e^-90 is left alone, one of e^-50 is not
  std::vector<double> const log_prob{-100, -90, -50}, reward{1, 0, 0};
  std::vector<double> gradient(3);
  rewarded_list<double> const list{.log_prob = log_prob, .reward = reward};
  best_of_n<negatives::sum>{.beta = 1, .gate = 0.01}(list, view<double>(gradient));
  EXPECT_EQ(gradient, (std::vector<double>{-1, 0, 1}));
  best_of_n<negatives::sum>{.beta = 1, .gate = 0.01, .gate_floor = 0}(list, view<double>(gradient));
  EXPECT_EQ(gradient, (std::vector<double>{-1, 1, 1}));
}

TEST(best_of_n, closed_form_is_the_formula_on_duals) {
  std::vector<double> const log_prob{-0.5, -1.5, -0.1, -20}, reward{0, 2, 1, 1};
  std::vector<double> gradient(4);
  double const loss = best_of_n<negatives::log_complement>{.beta = 0.3}(
      {.log_prob = log_prob, .reward = reward}, view<double>(gradient));
  auto const l         = golden::duals<4>(log_prob);
  dual<double, 4> want = -l[1];
  for (std::size_t const i : {0u, 2u, 3u}) want = want - 0.3 * log(1.0 - exp(l[i]));
  golden::expect_dual(loss, gradient, want);
}

TEST(best_of_n, refuses_what_is_no_gate) {
  EXPECT_STREQ((best_of_n<negatives::sum>{.gate = 1}.invalid()), "best_of_n: gate must be in [0, 1)");
  EXPECT_STREQ((best_of_n<negatives::sum>{.beta = 0}.invalid()), "best_of_n: beta must be > 0");
  EXPECT_STREQ((best_of_n<negatives::sum>{.gate_floor = -1}.invalid()), "best_of_n: gate_floor must be >= 0");
}
}  // namespace
