// Negative log-likelihood: worked examples and golden values.
// SPDX-License-Identifier: MIT
#include "poft/objective/nll.hpp"

#include "objective/support/golden_rows.hpp"

namespace {
using namespace poft;

TEST(nll, worked_example) {
  // -(-6) / 4
  auto const result = value_and_gradient(objective::nll{}, sequence<double>{.log_prob = -6, .tokens = 4});
  EXPECT_EQ(result.value, 1.5);
  EXPECT_EQ(result.gradient.log_prob, -0.25);
  EXPECT_EQ(objective::nll_sum{}(token<double>{-6}), 6.0);
}

TEST(nll, golden) {
  for (auto const& one : golden::cases("A_supervised", "nll")) {
    golden::expect_rows(one, objective::nll{}, {{"log_prob", "l"}, {"tokens", "T"}});
  }
  for (auto const& one : golden::cases("L_extra", "nll_sum")) {
    golden::expect_rows(one, objective::nll_sum{}, {{"log_prob", "l"}});
  }
}

TEST(nll, the_sum_over_the_global_token_count_is_the_token_mean) {
  for (auto const& one : golden::cases("A_supervised", "nll_token_mean")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    double tokens = 0, total = 0;
    for (double const count : golden::numbers(one["inputs"]["T"])) tokens += count;
    auto const got =
        golden::evaluate(objective::nll_sum{}, {{"log_prob", golden::numbers(one["inputs"]["l"])}});
    for (double const loss : got.loss) total += loss;
    auto gradient = got.gradient.at("log_prob");
    for (double& derivative : gradient) derivative /= tokens;
    golden::expect_close({total / tokens}, {one["outputs"]["mean"].get<double>()}, "mean");
    golden::expect_close(gradient, golden::numbers(one["grad"]["l"]), "d l");
  }
}
}  // namespace
