// Terms: what each objective is given of a batch, and where its gradient goes.
// SPDX-License-Identifier: MIT
#include "poft/train/terms.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/refusal.hpp"
#include "train/two_pairs.hpp"

namespace poft {
namespace {

using poft_test::two_pairs;
using support::refusal;
using tokens  = std::vector<std::int32_t>;
using numbers = std::vector<std::int64_t>;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Log-probs -1, -2, -3, ... of the tokens in the dataset's order.
batch_statistics counted(dataset const& data, numbers const& examples, bool scalar = false) {
  batch_statistics batch(data, examples, false, scalar);
  for (std::size_t r = 0; r < batch.responses.size(); ++r) {
    for (auto t = batch.tokens[r]; t < batch.tokens[r + 1]; ++t) {
      batch.log_prob[static_cast<std::size_t>(t)] =
          -1.0 - static_cast<double>(data.token_offset(batch.responses[r]) + t - batch.tokens[r]);
    }
  }
  return batch;
}

double evaluate(training_term const& term, dataset const& data, numbers const& examples,
                batch_statistics& batch) {
  std::vector<double> state;
  return evaluate_term(term, data, count_of(term, data, examples), state, batch);
}

// Pair 1 first: chosen -4 -5 -6 = -15, rejected -7; pair 0: chosen -1, rejected -2 -3 = -5. Under references -14, -9 and
// -1, -4 the margins are -1 + -2... : (-15 + 14) - (-7 + 9) = -3 and 0 - (-1) = 1.
TEST(Terms, PairsWithAReference) {
  dataset data = two_pairs();
  data.set("reference_log_prob", {-1, -4, -14, -9});
  auto batch        = counted(data, {1, 0});
  double const loss = evaluate({make_objective("dpo", {{"beta", 0.5}}), 2}, data, {1, 0}, batch);
  EXPECT_NEAR(loss, 2 * (std::log1p(std::exp(1.5)) + std::log1p(std::exp(-0.5))) / 2, 1e-15);
  double const d1 = -0.5 * sigmoid(1.5), d0 = -0.5 * sigmoid(-0.5);  // 2 / 2 pairs
  std::vector<double> const want{d1, d1, d1, -d1, d0, -d0, -d0};
  for (std::size_t t = 0; t < want.size(); ++t) EXPECT_NEAR(batch.d_log_prob[t], want[t], 1e-15) << t;
}

// A reference per token is summed over the response: the same pair.
TEST(Terms, AColumnOfTokensIsSummedForAResponse) {
  dataset data = two_pairs();
  data.set("reference_log_prob", {-1, -1.5, -2.5, -4, -4, -6, -9});
  auto batch        = counted(data, {1, 0});
  double const loss = evaluate({make_objective("dpo", {{"beta", 0.5}})}, data, {1, 0}, batch);
  EXPECT_NEAR(loss, (std::log1p(std::exp(1.5)) + std::log1p(std::exp(-0.5))) / 2, 1e-15);
}

// nll on the chosen ones: 15 / 3 and 1 / 1, mean 3; every token gets -1 / T / 2.
TEST(Terms, ASingleResponseObjectiveOnOneMember) {
  dataset const data = two_pairs();
  auto batch         = counted(data, {0, 1});
  training_term term{make_objective("nll")};
  term.member = "chosen";
  EXPECT_NEAR(evaluate(term, data, {0, 1}, batch), 3, 1e-15);
  std::vector<double> const want{-0.5, 0, 0, -1.0 / 6, -1.0 / 6, -1.0 / 6, 0};
  for (std::size_t t = 0; t < want.size(); ++t) EXPECT_NEAR(batch.d_log_prob[t], want[t], 1e-15) << t;
}

// On tokens of all responses, 1 .. 7: token mean 4; sequence mean (1 + 2.5 + 5 + 7) / 4 = 3.875; of the chosen ones alone
// (1 + 4 + 5 + 6) / 4 = 4, sum per sequence 16 / 2 = 8, with max_tokens 4: 16 / 8 = 2.
TEST(Terms, TokensAndTheirAggregation) {
  using objective::aggregation;
  dataset const data = two_pairs();
  training_term term{make_objective("nll_sum")};
  term.level           = objective_level::token;
  auto const loss_with = [&](aggregation how, std::string const& member, double max_tokens = 0) {
    auto batch         = counted(data, {0, 1});
    term.aggregation   = how;
    term.member        = member;
    term.max_tokens    = max_tokens;
    double const loss  = evaluate(term, data, {0, 1}, batch);
    double const slope = std::accumulate(batch.d_log_prob.begin(), batch.d_log_prob.end(), 0.0);
    bool const is_mean = how == aggregation::sequence_mean || how == aggregation::token_mean;
    EXPECT_TRUE(!is_mean || std::abs(slope + 1) < 1e-15) << slope;
    return loss;
  };
  EXPECT_NEAR(loss_with(aggregation::token_mean, ""), 4, 1e-15);
  EXPECT_NEAR(loss_with(aggregation::sequence_mean, ""), 3.875, 1e-15);
  EXPECT_NEAR(loss_with(aggregation::token_mean, "chosen"), 4, 1e-15);
  EXPECT_NEAR(loss_with(aggregation::sequence_sum, "chosen"), 8, 1e-15);
  EXPECT_NEAR(loss_with(aggregation::constant, "chosen", 4), 2, 1e-15);
}

// Ratios of 1 (old = now): the loss is minus the advantage, the gradient -A; the advantage is the response's.
TEST(Terms, PolicyGradientOnTokens) {
  dataset data;
  data.add(tokens{1}, {tokens{2, 3}});
  data.add(tokens{1}, {tokens{4}});
  data.set("advantage", {2, -3});
  data.set("old_log_prob", {-1, -2, -3});
  auto batch = counted(data, {0, 1});
  training_term term{make_objective("ppo_clip")};
  term.level = objective_level::token;
  EXPECT_NEAR(evaluate(term, data, {0, 1}, batch), -(2 + 2 - 3) / 3.0, 1e-15);
  EXPECT_NEAR(batch.d_log_prob[1], -2 / 3.0, 1e-15);
  EXPECT_NEAR(batch.d_log_prob[2], 1, 1e-15);

  // The ratio of GSPO per token is the response's: exp((-3 + 2.5) / 2) and exp(0), unclipped.
  data.set("old_log_prob", {-1, -1.5, -3});
  batch              = counted(data, {0, 1});
  term.objective     = make_objective("gspo_token", {{"eps_low", 0.9}, {"eps_high", 0.9}});
  double const ratio = std::exp(-0.25);
  EXPECT_NEAR(evaluate(term, data, {0, 1}, batch), -(2 * ratio + 2 * ratio - 3) / 3, 1e-15);
  EXPECT_NEAR(batch.d_log_prob[0], -2 * ratio / 3, 1e-15);
}

// Lists of 1 and 2 responses, the best ones -1 and -2; the other one is not pushed.
TEST(Terms, Lists) {
  dataset data{std::vector<std::string>{}};
  data.add(tokens{1}, {tokens{2}});
  data.add(tokens{1}, {tokens{3}, tokens{4, 5}});
  data.set("reward", {0, 1, 0.5});
  auto batch = counted(data, {0, 1});
  EXPECT_NEAR(evaluate({make_objective("best_of_n_none")}, data, {0, 1}, batch), 1.5, 1e-15);
  EXPECT_EQ(batch.d_log_prob, (std::vector<double>{-0.5, -0.5, 0, 0}));
}

// Rewards 1, 3 and 2, 2 of chosen and rejected: softplus(2), softplus(0); the margin is 0 where the data has none.
TEST(Terms, RewardModel) {
  dataset data = two_pairs();
  auto batch   = counted(data, {0, 1}, true);
  batch.reward = {1, 3, 2, 2};
  training_term const term{make_objective("bt_reward")};
  EXPECT_NEAR(evaluate(term, data, {0, 1}, batch), (std::log1p(std::exp(2.0)) + std::log(2.0)) / 2, 1e-15);
  EXPECT_NEAR(batch.d_reward[0], -sigmoid(2) / 2, 1e-15);
  EXPECT_NEAR(batch.d_reward[1], sigmoid(2) / 2, 1e-15);
  data.set("margin", {1, 0});
  batch        = counted(data, {0, 1}, true);
  batch.reward = {1, 3, 2, 2};
  EXPECT_NEAR(evaluate(term, data, {0, 1}, batch), (std::log1p(std::exp(3.0)) + std::log(2.0)) / 2, 1e-15);
}

// (v - target)^2 / 2 or with another factor: the derivative lies at the tokens' values alone.
TEST(Terms, ValuesOfTokens) {
  dataset data;
  data.add(tokens{1}, {tokens{2, 3}});
  data.set("target", {1, 2});
  auto batch  = counted(data, {0}, true);
  batch.value = {1, 4};
  training_term term{make_objective("value_mse")};
  term.level        = objective_level::token;
  double const loss = evaluate(term, data, {0}, batch);
  EXPECT_GT(loss, 0);
  EXPECT_EQ(batch.d_value[0], 0);
  EXPECT_NEAR(batch.d_value[1], 2 * loss / (4 - 2), 1e-15);  // a multiple of (v - target)^2
  EXPECT_EQ(batch.d_log_prob, (std::vector<double>(2)));
}

TEST(Terms, ExampleWeights) {
  dataset data = two_pairs();
  data.set("example_weight", {3, 0});
  auto batch = counted(data, {0, 1});
  training_term term{make_objective("nll_sum")};
  term.member = "rejected";
  EXPECT_NEAR(evaluate(term, data, {0, 1}, batch), 3 * 5 / 2.0, 1e-15);
  EXPECT_EQ(batch.d_log_prob, (std::vector<double>{0, -1.5, -1.5, 0, 0, 0, 0}));
}

// Log-ratios 1, 2 of desirable and -4, 0 of undesirable examples: z = 1.5 for the undesirable, max(0, -2) = 0 for the others.
TEST(Terms, KtoTakesTheOtherHalf) {
  dataset data;
  for (int i = 0; i < 4; ++i) data.add(tokens{1}, {tokens{2}});
  data.set("desirable", {1, 1, 0, 0});
  data.set("reference_log_prob", {-2, -4, 1, -4});  // now -1, -2, -3, -4
  numbers const all{0, 1, 2, 3};
  auto batch = counted(data, all);
  training_term const term{make_objective("kto", {{"beta", 1}})};
  EXPECT_NEAR(evaluate(term, data, all, batch),
              (sigmoid(-1) + sigmoid(-2) + sigmoid(-4 - 1.5) + sigmoid(0 - 1.5)) / 4, 1e-15);
  EXPECT_NE(refusal([&] {
              auto part = counted(data, {0, 1});
              evaluate(term, data, {0, 1}, part);
            }).find("kto: the batch has 2 desirable and 0 undesirable examples"),
            std::string::npos);
  data.set("baseline", {0, 0, 0, 0});
  batch = counted(data, all);
  EXPECT_NEAR(evaluate(term, data, all, batch), (sigmoid(-1) + sigmoid(-2) + sigmoid(-4) + sigmoid(0)) / 4,
              1e-15);
}

// Mismatched log-ratios 0.5 and 1.5: z = 1 for everybody.
TEST(Terms, KtoOnMismatchedResponses) {
  dataset data({"log_prob", "mismatched"});
  data.add(tokens{1}, {tokens{2}, tokens{3}});
  data.add(tokens{1}, {tokens{3}, tokens{2}});
  data.set("desirable", {1, 0});
  data.set("reference_log_prob", {-1, -2.5, -3, -5.5});  // now -1, -2, -3, -4
  auto batch = counted(data, {0, 1});
  EXPECT_NEAR(evaluate({make_objective("kto", {{"beta", 1}})}, data, {0, 1}, batch),
              (sigmoid(1) + sigmoid(-1)) / 2, 1e-15);
  EXPECT_EQ(batch.d_log_prob[1], 0) << "what is mismatched receives no gradient";
}

// Rewards beta a: 0.5, 1.5 in the first batch, shift 1; then -1: shift 1/3.
TEST(Terms, BcoShiftRunsAcrossSteps) {
  dataset data;
  for (int i = 0; i < 3; ++i) data.add(tokens{1}, {tokens{2}});
  data.set("desirable", {1, 0, 1});
  data.set("reference_log_prob", {-2, -5, -1});  // now -1, -2, -3: ratios 1, 3, -2
  training_term const term{make_objective("bco", {{"beta", 0.5}})};
  std::vector<double> state;
  auto batch = counted(data, {0, 1});
  EXPECT_NEAR(evaluate_term(term, data, 2, state, batch),
              (std::log1p(std::exp(0.5)) + std::log1p(std::exp(0.5))) / 2, 1e-15);
  EXPECT_EQ(state, (std::vector<double>{2, 1}));
  batch = counted(data, {2});
  EXPECT_NEAR(evaluate_term(term, data, 1, state, batch), std::log1p(std::exp(4.0 / 3)), 1e-15);
}

// Margins now: pair 0: -1 + 5 = 4, pair 1: -15 + 7 = -8; of the reference: -2 and 1. Sorted apart: -8 meets -2, 4 meets 1.
TEST(Terms, AotSortsTheBatch) {
  dataset data = two_pairs();
  data.set("reference_log_prob", {-3, -1, -1, -2});
  auto batch = counted(data, {0, 1});
  EXPECT_NEAR(evaluate({make_objective("aot", {{"beta", 0.5}})}, data, {0, 1}, batch),
              (std::log1p(std::exp(3.0)) + std::log1p(std::exp(-1.5))) / 2, 1e-15);
  double const d1 = -0.5 * sigmoid(3) / 2, d0 = -0.5 * sigmoid(-1.5) / 2;
  EXPECT_NEAR(batch.d_log_prob[0], d0, 1e-15);
  EXPECT_NEAR(batch.d_log_prob[3], d1, 1e-15);
  EXPECT_NEAR(batch.d_log_prob[6], -d1, 1e-15);

  // Log-ratios: chosen 2, -14; rejected -4, -5. Sorted apart: -14 meets -5, 2 meets -4; so the chosen of pair 1 and the
  // rejected of pair 1 (-5), the chosen of pair 0 and the rejected of pair 0.
  batch = counted(data, {0, 1});
  EXPECT_NEAR(evaluate({make_objective("aot_unpaired", {{"beta", 0.5}})}, data, {0, 1}, batch),
              (std::log1p(std::exp(4.5)) + std::log1p(std::exp(-3.0))) / 2, 1e-14);
  data.set("reference_log_prob", {-3, -5, -1, -6});  // rejected: 0, -1 -> still; chosen as before
  data.set("example_weight", {1, 1});
  EXPECT_NE(refusal([&] {
              auto part = counted(data, {0, 1});
              evaluate({make_objective("aot")}, data, {0, 1}, part);
            }).find("sorts the batch, and example_weight then has no meaning"),
            std::string::npos);
}

TEST(Terms, RefusesWithASentence) {
  dataset data    = two_pairs();
  auto batch      = counted(data, {0, 1});
  auto const with = [&](training_term const& term) {
    return refusal([&] { evaluate(term, data, {0, 1}, batch); });
  };
  std::string const has = "; the dataset has the members chosen, rejected and the columns ";
  EXPECT_EQ(with({make_objective("dpo")}),
            "objective dpo: there is no column 'reference_log_prob' for its input 'reference_chosen'" + has +
                "none");
  EXPECT_EQ(with({make_objective("nll")}),
            "objective nll: it looks at one response, expected term.member to say at which" + has + "none");
  training_term term{make_objective("nll")};
  term.member = "better";
  EXPECT_EQ(with(term), "objective nll: there is no member 'better'" + has + "none");
  EXPECT_EQ(with({make_objective("bt_reward")}),
            "objective bt_reward: the model has no scalar head" + has + "none");
  term       = {make_objective("best_of_n_none")};
  term.level = objective_level::token;
  EXPECT_EQ(with(term), "objective best_of_n_none: lists have responses, not tokens" + has + "none");

  data.set("reference_log_prob", {-1, -2, -3, -4});
  term       = {make_objective("kl_k3")};
  term.level = objective_level::token;
  EXPECT_EQ(with(term),
            "objective kl_k3: the column 'reference_log_prob' has one number per response, expected "
            "one per token" +
                has + "reference_log_prob");
  data.set("win_probability", std::vector<double>(7, 0.5));
  EXPECT_EQ(with({make_objective("sppo_soft")}),
            "objective sppo_soft: the column 'win_probability' has one number per token, expected one "
            "per response or "
            "example" +
                has + "reference_log_prob, win_probability");

  batch.log_prob[5] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(with({make_objective("dpo")}), "objective dpo: the loss of example 1 is NaN");
}

}  // namespace
}  // namespace poft
