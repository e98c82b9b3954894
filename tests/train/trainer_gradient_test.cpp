// The trainer's gradient: finite differences for every objective, and no change by micro-batches, threads or mixing.
// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "poft/backend/eigen/backend.hpp"
#include "poft/train/trainer.hpp"

namespace poft::trainer_gradient_test {
namespace {

using tokens  = std::vector<std::int32_t>;
using numbers = std::vector<std::int64_t>;
using model   = transformer<eigen::backend, double>;

constexpr std::int32_t vocab = 11;

model tiny_model(bool scalar_head = false, int threads = 1) {
  transformer_config config = gpt(1, 2, 8, vocab, 12);
  config.scalar_head        = scalar_head;
  model out({.threads = threads}, config);
  initialise(config, out.slices(), 1);
  for (double& parameter : out.parameters()) parameter *= 5;  // far from uniform predictions
  return out;
}

// Examples with responses of 1 .. 4 tokens, and a column for every frozen input there is.
dataset some_data(std::vector<std::string> const& members, std::int64_t examples) {
  dataset data(members);
  random_stream random(7);
  auto const draw = [&](std::size_t count) {
    tokens out(count);
    for (auto& token : out) token = static_cast<std::int32_t>(random.below(vocab));
    return out;
  };
  for (std::int64_t e = 0; e < examples; ++e) {
    std::vector<tokens> responses;
    for (std::size_t k = 0; k < (members.empty() ? 3 : members.size()); ++k)
      responses.push_back(draw(1 + random.below(4)));
    data.add(draw(1 + random.below(3)), std::vector<dataset::tokens>(responses.begin(), responses.end()));
  }
  std::vector<double> alternating, reference, reward, ranking, tokenwise;
  for (std::int64_t r = 0; r < data.responses(); ++r) {
    alternating.push_back(static_cast<double>(r % 2));
    reference.push_back(-2.5 * static_cast<double>(data.response(r).size()) + random.normal<double>());
    reward.push_back(3 - static_cast<double>(r % 3));
    ranking.push_back(static_cast<double>(r % 3));
    for (std::size_t t = 0; t < data.response(r).size(); ++t)
      tokenwise.push_back(-2.5 + 0.3 * random.normal<double>());
  }
  for (char const* const name : {"desirable", "clean"}) data.set(name, alternating);
  for (char const* const name : {"aligned_score", "reference_log_prob", "old_log_prob"})
    data.set(name, reference);
  data.set("reward", reward);
  data.set("ranking", ranking);
  data.set("target", std::vector<double>(reward.size(), 1.0 / 3));
  data.set("advantage", std::vector<double>(reward.size(), 0.75));
  data.set("weight", reward);
  data.set("baseline", std::vector<double>(reward.size(), 0.25));
  data.set("win_probability", std::vector<double>(reward.size(), 0.75));
  return data;
}

numbers all_of(dataset const& data) {
  numbers out(static_cast<std::size_t>(data.examples()));
  std::iota(out.begin(), out.end(), std::int64_t{0});
  return out;
}

std::vector<double> gradient_of(model& net, std::vector<training_term> const& terms, dataset const& data,
                                training_settings settings = {}) {
  settings.batch = data.examples();
  trainer<eigen::backend, double> one(net, terms, settings);
  net.zero_gradient();
  one.add_gradient(data, all_of(data));
  return {net.gradient().begin(), net.gradient().end()};
}

double loss_of(model& net, std::vector<training_term> const& terms, dataset const& data,
               training_settings const& settings = {}) {
  return trainer<eigen::backend, double>(net, terms, settings).evaluate(data).loss;
}

// dL along the direction of the gradient plus a random one, by central differences of the loss.
void expect_derivative(std::vector<training_term> const& terms, dataset const& data, bool scalar_head = false,
                       training_settings const& settings = {}) {
  model net           = tiny_model(scalar_head);
  auto const gradient = gradient_of(net, terms, data, settings);
  std::vector<double> const start(net.parameters().begin(), net.parameters().end());
  random_stream random(11);
  double length = 0;
  for (double const g : gradient) length += g * g;
  length = std::sqrt(length);
  ASSERT_GT(length, 0) << terms[0].objective.name();
  std::vector<double> direction;
  for (double const g : gradient) {
    direction.push_back(g / length +
                        random.normal<double>() / std::sqrt(static_cast<double>(gradient.size())));
  }
  double const h = 1e-5;
  double slope   = 0, loss[2];
  for (int side = 0; side < 2; ++side) {
    for (std::size_t i = 0; i < start.size(); ++i)
      net.parameters()[i] = start[i] + (side ? h : -h) * direction[i];
    loss[side] = loss_of(net, terms, data, settings);
  }
  for (std::size_t i = 0; i < start.size(); ++i) slope += gradient[i] * direction[i];
  EXPECT_NEAR((loss[1] - loss[0]) / (2 * h), slope, 2e-6 * std::abs(slope) + 1e-9)
      << terms[0].objective.name();
}

// Their formulas stop gradients inside, so that they are not the derivative of the value.
bool is_its_values_derivative(std::string_view name) {
  return !(name == "dft" || name.starts_with("cispo") || name.ends_with("straight_through") ||
           name == "gspo_token");
}

TEST(TrainerGradient, OfEveryObjectiveOnResponses) {
  dataset const pairs   = some_data({"chosen", "rejected"}, 5),
                triples = some_data({"chosen", "rejected", "target"}, 5), lists = some_data({}, 4);
  int checked = 0;
  for (auto const& objective : every_objective()) {
    training_term term{objective};
    std::string_view const live = objective.live()[0];
    if (!is_its_values_derivative(objective.name()) || live == "value" || live == "chosen_reward") continue;
    bool const single = live == "log_prob" && !objective.of_lists();
    if (single) term.member = "rejected";
    expect_derivative({term}, objective.of_lists()                   ? lists
                              : objective.needs("target") && !single ? triples
                                                                     : pairs);
    ++checked;
  }
  EXPECT_GE(checked, 70);
}

TEST(TrainerGradient, OnTokens) {
  dataset data = some_data({"log_prob"}, 6);
  std::vector<double> per_token(static_cast<std::size_t>(data.response_tokens()), -2.25);
  data.set("old_log_prob", per_token);
  data.set("reference_log_prob", per_token);
  for (char const* const name : {"nll_sum", "ppo_clip_k3", "reinforce"}) {
    for (auto const how : {objective::aggregation::token_mean, objective::aggregation::sequence_mean}) {
      training_term term{make_objective(name)};
      term.level       = objective_level::token;
      term.aggregation = how;
      expect_derivative({term}, data);
    }
  }
}

TEST(TrainerGradient, OfRewardsValuesAndMixtures) {
  dataset const pairs = some_data({"chosen", "rejected"}, 5);
  training_term const reward{make_objective("bt_reward")};
  expect_derivative({reward}, pairs, true);

  training_term ranked{make_objective("plackett_luce")};
  ranked.score = list_score::reward;
  dataset list = some_data({}, 4);
  expect_derivative({ranked}, list, true);

  dataset samples = some_data({"log_prob"}, 6);
  training_term value{make_objective("value_mse"), 0.5}, policy{make_objective("reinforce"), 2};
  value.level = policy.level = objective_level::token;
  expect_derivative({policy, value}, samples, true);
}

TEST(TrainerGradient, OfTheEntropy) {
  dataset const data = some_data({"log_prob"}, 6);
  training_settings settings;
  settings.entropy_coefficient = 0.7;
  training_term const term{make_objective("nll")};
  model net          = tiny_model();
  double const plain = loss_of(net, {term}, data), with = loss_of(net, {term}, data, settings);
  trainer<eigen::backend, double> one(net, {term}, settings);
  EXPECT_NEAR(plain - with, 0.7 * one.evaluate(data).entropy, 1e-12);
  expect_derivative({term}, data, false, settings);
}

void expect_equal_to_rounding(std::vector<double> const& got, std::vector<double> const& want,
                              std::string const& what) {
  double largest = 0;
  for (double const one : want) largest = std::max(largest, std::abs(one));
  ASSERT_GT(largest, 0);
  for (std::size_t i = 0; i < want.size(); ++i)
    ASSERT_NEAR(got[i], want[i], 1e-13 * largest) << what << ' ' << i;
}

TEST(TrainerGradient, MicroBatchesDoNotChangeIt) {
  dataset pairs = some_data({"chosen", "rejected"}, 7), singles = some_data({"log_prob"}, 7),
          lists                  = some_data({}, 7);
  dataset const without_baseline = [] {
    dataset out;
    dataset const from = some_data({"log_prob"}, 7);
    for (std::int64_t e = 0; e < 7; ++e) out.add(from.prompt(e), {from.response(e)});
    for (char const* const name : {"desirable", "reference_log_prob"}) out.set(name, from.column(name));
    return out;
  }();
  training_term by_token{make_objective("nll_sum")};
  by_token.level = objective_level::token;
  struct one_case {
    training_term term;
    dataset const* data;
  };
  for (auto const& [term, data] :
       {one_case{{make_objective("dpo")}, &pairs}, one_case{{make_objective("aot")}, &pairs},
        one_case{{make_objective("aot_unpaired")}, &pairs},
        one_case{{make_objective("kto")}, &without_baseline},
        one_case{{make_objective("bco")}, &without_baseline}, one_case{by_token, &singles},
        one_case{{make_objective("plackett_luce")}, &lists}}) {
    model net       = tiny_model();
    auto const want = gradient_of(net, {term}, *data);
    for (std::int64_t const size : {1, 2, 3, 6}) {
      expect_equal_to_rounding(
          gradient_of(net, {term}, *data, {.micro_batch = size}), want,
          std::string(term.objective.name()) + " in micro-batches of " + std::to_string(size));
    }
  }
}

TEST(TrainerGradient, ThreadsDoNotChangeABit) {
  dataset const pairs = some_data({"chosen", "rejected"}, 40);
  model one = tiny_model(false, 1), three = tiny_model(false, 3);
  EXPECT_EQ(gradient_of(one, {{make_objective("dpo")}}, pairs),
            gradient_of(three, {{make_objective("dpo")}}, pairs));
}

TEST(TrainerGradient, AMixtureIsTheWeightedSum) {
  dataset const pairs = some_data({"chosen", "rejected"}, 5);
  training_term dpo{make_objective("dpo"), 0.5}, nll{make_objective("nll"), 2};
  nll.member          = "chosen";
  model net           = tiny_model();
  auto const together = gradient_of(net, {dpo, nll}, pairs);
  dpo.weight = nll.weight = 1;
  auto const a = gradient_of(net, {dpo}, pairs), b = gradient_of(net, {nll}, pairs);
  std::vector<double> want;
  for (std::size_t i = 0; i < a.size(); ++i) want.push_back(0.5 * a[i] + 2 * b[i]);
  expect_equal_to_rounding(together, want, "mixture");
}

}  // namespace
}  // namespace poft::trainer_gradient_test
