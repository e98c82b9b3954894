// Weighted likelihood: weights from rewards, filters.
// SPDX-License-Identifier: MIT
#include "golden/poft_golden_batch.hpp"
#include "poft/objective/nll.hpp"
#include "poft/objective/reward_weighted.hpp"
#include "poft/preference/advantage.hpp"
#include "poft/preference/reward_weight.hpp"
#include "poft/preference/selection.hpp"

namespace poft::golden {
namespace {

using namespace objective;

void expect_weighted(golden_case& c, std::vector<double> const& weights, double count = 0) {
  c.expect("weights", weights);
  columns<weighted_nll> in;
  in["log_prob"]    = c.input("l");
  in["weight"]      = weights;
  in.golden_name[0] = "l";
  expect_batch(c, weighted_nll{}, in, {.count = count});
}

void rwr(golden_case& c) {
  expect_weighted(c, preference::exponential_weights(c.input("R"), c.hyper("beta")));
}

void rwr_normalised(golden_case& c) {
  expect_weighted(c, preference::normalised_weights(c.input("R"), c.hyper("beta")), 1);
}

void awr(golden_case& c) {
  expect_weighted(c,
                  preference::clipped_weights(c.input("R"), c.hyper("b"), c.hyper("beta"), c.hyper("w_max")));
}

void rwr_sigmoid(golden_case& c) {
  auto const advantages = preference::constant_baseline(c.input("R"), c.hyper("b"));
  expect_weighted(c, preference::sigmoid_weights(advantages, c.hyper("beta")));
}

void rwr_clipped(golden_case& c) {
  auto weights = preference::exponential_weights(c.input("R"), c.hyper("beta"));
  for (double& weight : weights) weight = clamp(weight, c.hyper("w_min"), c.hyper("w_max"));
  expect_weighted(c, weights);
}

/// The mean is over the samples that are kept.
void expect_kept(golden_case& c, std::vector<std::size_t> const& kept) {
  auto in = read_columns<nll_sum>(c);
  std::vector<double> keep(in.size(), 0.0);
  for (auto const i : kept) keep[i] = 1;
  c.expect_integers("keep", keep);
  expect_batch(c, nll_sum{}, in, {.weights = keep, .count = static_cast<double>(kept.size())});
}

void filter_top_fraction(golden_case& c) {
  expect_kept(c, preference::keep_top_fraction(c.input("R"), c.hyper("alpha")));
}
void filter_threshold(golden_case& c) {
  expect_kept(c, preference::keep_above(c.input("R"), c.hyper("threshold")));
}

}  // namespace

void add_reward_weighted(checks& all) {
  all["rwr"]                 = rwr;
  all["rwr_normalised"]      = rwr_normalised;
  all["rwr_sigmoid"]         = rwr_sigmoid;
  all["rwr_clipped"]         = rwr_clipped;
  all["awr"]                 = awr;
  all["filter_top_fraction"] = filter_top_fraction;
  all["filter_threshold"]    = filter_threshold;
}

}  // namespace poft::golden
