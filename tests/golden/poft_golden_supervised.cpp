// Supervised objectives: likelihoods, PoFT, unlikelihood.
// SPDX-License-Identifier: MIT
#include <numeric>

#include "golden/poft_golden_batch.hpp"
#include "poft/objective/supervised.hpp"
#include "poft/preference/aligned_models.hpp"

namespace poft::golden {
namespace {

using namespace objective;

/// The losses are those of each sequence's mean, the mean is over all tokens.
void nll_token_mean(golden_case& c) {
  auto const sequences = read_columns<nll>(c);
  expect_losses(c, "loss", nll{}, sequences);
  columns<nll_sum> sums;
  sums.read(c);
  auto const tokens = c.input("T");
  on_each_backend([&](auto const& backend) {
    auto const got =
        evaluate(backend, nll_sum{}, sums, {.count = std::accumulate(tokens.begin(), tokens.end(), 0.0)});
    c.expect("mean", got.mean);
    c.expect_gradient("l", got.gradient[0]);
  });
}

/// The scores of aligned models, one column each, become their mean.
template <class Objective>
columns<Objective> with_aligned_score(golden_case& c) {
  auto in = read_columns<Objective>(c);
  in["aligned_score"] =
      preference::mean_over_aligned_models(c.input("r_llm_models"), c.shape("r_llm_models").at(1));
  c.expect("r_llm", in["aligned_score"]);
  return in;
}

void check_poft(golden_case& c) {
  auto const objective = configured<objective::poft>(c);
  auto const in        = with_aligned_score<objective::poft>(c);
  expect_batch(c, objective, in);
  std::vector<double> tau;
  for (std::size_t i = 0; i < in.size(); ++i) tau.push_back(objective.tau(in.example(i)));
  c.expect("tau", tau);
}

/// tau of noise is that of the sample with the roles of model and aligned models exchanged (with one token
/// each).
void check_bi_poft(golden_case& c) {
  auto const objective = configured<bi_poft>(c);
  auto const in        = with_aligned_score<bi_poft>(c);
  expect_batch(c, objective, in);
  objective::poft const one_sided{objective.beta, objective.gamma};
  std::vector<double> tau;
  for (std::size_t i = 0; i < in.size(); ++i) {
    auto const sample = in.example(i);
    scored_sequence<double> as_clean{sample.log_prob, sample.tokens, sample.aligned_score};
    if (sample.clean == 0) std::swap(as_clean.log_prob, as_clean.aligned_score);
    tau.push_back(one_sided.tau(as_clean));
  }
  c.expect("tau", tau);
}

}  // namespace

void add_supervised(checks& all) {
  all["nll"]            = check_batch<nll>;
  all["nll_sum"]        = check_batch<nll_sum>;
  all["nll_token_mean"] = nll_token_mean;
  all["dft"]            = check_batch<dft>;
  all["unlikelihood"]   = check_batch<unlikelihood>;
  all["poft"]           = check_poft;
  all["poft_from_sums"] = check_poft;
  all["bi_poft"]        = check_bi_poft;
}

}  // namespace poft::golden
