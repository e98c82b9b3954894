// Pairs under the policy alone.
// SPDX-License-Identifier: MIT
#include "golden/poft_golden_batch.hpp"
#include "poft/objective/nll.hpp"
#include "poft/objective/pairs_without_reference.hpp"

namespace poft::golden {
namespace {

using namespace objective;

/// Files list the two terms of the sum as well: the preference, and the likelihood of the chosen response.
template <class Objective>
void check_with_likelihood(golden_case& c) {
  auto const objective = configured<Objective>(c);
  auto in              = read_columns<Objective>(c);
  expect_batch(c, objective, in);
  expect_losses(c, "preference", with_parameter(objective, "nll_coefficient", 0), in);
  columns<nll> chosen;
  chosen["log_prob"] = in["chosen"];
  chosen["tokens"]   = in["chosen_tokens"];
  expect_losses(c, "nll", nll{}, chosen);
}

void check_orpo(golden_case& c) {
  auto const objective = configured<orpo>(c);
  auto const in        = read_columns<orpo>(c);
  expect_batch(c, objective, in);
  expect_losses(c, "odds_loss", orpo{.lambda = 1, .nll_coefficient = 0}, in);
  std::vector<double> odds_ratio;
  for (std::size_t i = 0; i < in.size(); ++i) {
    auto const pair = in.example(i);
    odds_ratio.push_back(log_odds(pair.chosen / pair.chosen_tokens) -
                         log_odds(pair.rejected / pair.rejected_tokens));
  }
  c.expect("log_odds", odds_ratio);
}

}  // namespace

void add_pairs_without_reference(checks& all) {
  all["cpo"]         = check_with_likelihood<cpo>;
  all["cpo_nll_sum"] = check_with_likelihood<cpo>;  // with a token count of 1 the likelihood is the sum's
  all["cpo_hinge"]   = check_with_likelihood<cpo_hinge>;
  all["cpo_ipo"]     = check_with_likelihood<cpo_ipo>;
  all["cpo_simpo"]   = check_with_likelihood<cpo_simpo>;
  all["simpo"]       = check_batch<simpo>;
  all["alphapo"]     = check_batch<alphapo>;
  all["orpo"]        = check_orpo;
  all["slic"]        = check_batch<slic>;
}

}  // namespace poft::golden
