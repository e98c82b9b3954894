// Cross entropy over a list: worked example, golden values, dual numbers.
// SPDX-License-Identifier: MIT
#include "poft/objective/softmax_list.hpp"

#include "objective/support/list_rows.hpp"

namespace {
using namespace poft;
using objective::softmax_list;

TEST(softmax_list, worked_example) {
  // softmax(0, log 3) = 1/4, 3/4 against 1/2, 1/2: (log 4 + log(4/3)) / 2, slopes 1/4 - 1/2 and 3/4 - 1/2
  std::vector<double> const score{0, std::log(3.0)}, target{0.5, 0.5};
  std::vector<double> gradient(2);
  double const loss =
      softmax_list{}(target_list<double>{.score = score, .target = target}, view<double>(gradient));
  EXPECT_NEAR(loss, (std::log(4.0) + std::log(4.0 / 3)) / 2, 1e-15);
  golden::expect_close(gradient, {-0.25, 0.25}, "gradient");
}

TEST(softmax_list, golden) {
  for (auto const& one : golden::cases("L_extra", "softmax_soft")) {
    softmax_list const objective{golden::hyper(one, "beta")};
    golden::expect_lists(one, "score",
                         [&](golden::list_columns const& row, std::size_t, view<double> gradient) {
                           return objective({row.of("score"), {}, row.of("target")}, gradient);
                         });
  }
}

TEST(softmax_list, closed_form_is_the_formula_on_duals) {
  std::vector<double> const score{0.3, -1.2, 2.5, 0.3}, reference{-1, 0.5, 0.5, 0}, target{0.1, 0.6, 0, 0.2};
  softmax_list const objective{.beta = 0.7};
  std::vector<double> gradient(4);
  double const loss = objective({score, reference, target}, view<double>(gradient));
  auto const s      = golden::duals<4>(score);
  dual<double, 4> sum(0.0), want(0.0);
  for (std::size_t k = 0; k < 4; ++k) sum = sum + exp(0.7 * (s[k] - reference[k]));
  for (std::size_t k = 0; k < 4; ++k) want = want - target[k] * (0.7 * (s[k] - reference[k]) - log(sum));
  golden::expect_dual(loss, gradient, want);
}

TEST(softmax_list, refuses_beta_that_is_not_positive) {
  EXPECT_STREQ((softmax_list{.beta = 0}.invalid()), "softmax_list: beta must be > 0");
}
}  // namespace
