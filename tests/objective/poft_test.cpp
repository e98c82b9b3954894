// PoFT: a worked example, golden values, and its coefficient tau.
// SPDX-License-Identifier: MIT
#include "poft/objective/poft.hpp"

#include "objective/support/golden_rows.hpp"
#include "poft/objective/nll.hpp"

namespace {
using namespace poft;

/// r_llm, the mean of each row of r_llm_models [n, M].
std::vector<double> aligned_scores(nlohmann::json const& one) {
  auto const models  = golden::numbers(one["inputs"]["r_llm_models"]);
  auto const columns = one["shapes"]["r_llm_models"][1].get<std::size_t>();
  std::vector<double> mean(models.size() / columns, 0.0);
  for (std::size_t i = 0; i < models.size(); ++i) mean[i / columns] += models[i];
  for (double& score : mean) score /= static_cast<double>(columns);
  return mean;
}

TEST(poft, worked_example) {
  // x = 2 (-6/4 - (-1)) + 0.5 = -0.5: log(1 + e^0.5) = 0.97407698..., tau = 1 / (1 + e^-0.5) = 0.62245933...
  objective::poft const objective{.beta = 2, .gamma = 0.5};
  scored_sequence<double> const sample{.log_prob = -6, .tokens = 4, .aligned_score = -1};
  auto const result = value_and_gradient(objective, sample);
  EXPECT_NEAR(result.value, 0.9740769841801067, 1e-15);
  EXPECT_NEAR(objective.tau(sample), 0.6224593312018546, 1e-15);
  EXPECT_NEAR(result.gradient.log_prob, -2 * 0.6224593312018546 / 4, 1e-15);
}

TEST(poft, golden) {
  for (char const* name : {"poft", "poft_from_sums"}) {
    for (auto one : golden::cases("A_supervised", name)) {
      one["inputs"]["r_llm"] = aligned_scores(one);
      bool const sums        = one["inputs"].contains("l");
      objective::poft const objective{golden::hyper(one, "beta"), golden::hyper(one, "gamma")};
      golden::sources const from = {{"log_prob", sums ? "l" : "r_theta"},
                                    {"tokens", sums ? golden::source("T") : golden::source(1.0)},
                                    {"aligned_score", "r_llm"}};
      golden::expect_rows(one, objective, from);

      auto const columns = golden::bind<objective::poft>(one, from, one["inputs"]["r_llm"].size());
      std::vector<double> tau;
      for (std::size_t i = 0; i < one["inputs"]["r_llm"].size(); ++i) {
        tau.push_back(objective.tau(golden::example<scored_sequence<double>>(columns, i)));
      }
      golden::expect_close(tau, golden::numbers(one["outputs"]["tau"]), "tau");
    }
  }
}

TEST(poft, gradient_is_tau_times_that_of_the_likelihood) {
  objective::poft const objective{.beta = 0.7, .gamma = -0.2};
  for (double const log_prob : {-0.5, -8.0, -700.0}) {
    scored_sequence<double> const sample{log_prob, 5, -1.25};
    double const of_nll =
        value_and_gradient(objective::nll{}, sequence<double>{log_prob, 5}).gradient.log_prob;
    EXPECT_DOUBLE_EQ(value_and_gradient(objective, sample).gradient.log_prob,
                     0.7 * objective.tau(sample) * of_nll);
  }
}

TEST(poft, refuses_beta_that_is_not_positive) {
  EXPECT_STREQ((objective::poft{.beta = 0}.invalid()), "poft: beta must be > 0");
  EXPECT_NE((objective::poft{.beta = NAN}.invalid()), nullptr);
}
}  // namespace
