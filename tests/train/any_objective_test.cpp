// any_objective: golden values by name, weights and counts, lists, and what it refuses.
// SPDX-License-Identifier: MIT
#include "poft/train/any_objective.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/golden.hpp"
#include "support/refusal.hpp"

namespace poft {
namespace {

using support::refusal;

// The golden files' short names for inputs and parameters.
std::map<std::string, std::string> const input_names{{"lw", "chosen"},           {"ll", "rejected"},
                                                     {"rw", "reference_chosen"}, {"rl", "reference_rejected"},
                                                     {"Tw", "chosen_tokens"},    {"Tl", "rejected_tokens"}};
std::map<std::string, std::string> const parameter_names{{"eps", "label_smoothing"}};

TEST(AnyObjective, GoldenPairsByName) {
  std::set<std::string> seen;
  for (auto const& name : every_objective()) {
    std::vector<nlohmann::json> cases;
    try {
      cases = golden::cases("B_pairwise_ref", std::string(name.name()));
    } catch (std::runtime_error const&) {
      continue;  // another family
    }
    if (name.name().starts_with("aot")) continue;  // these sort the batch first
    for (auto const& one : cases) {
      std::map<std::string, double> parameters;
      for (auto const& [key, value] : one["hyper"].items()) {
        auto const renamed                                                   = parameter_names.find(key);
        parameters[renamed == parameter_names.end() ? key : renamed->second] = value;
      }
      any_objective const objective = make_objective(name.name(), parameters);

      std::map<std::string, std::vector<double>> values, gradients;
      columns<double const> inputs;
      for (auto const& [key, numbers] : one["inputs"].items()) {
        auto const& input = input_names.at(key);
        values[input]     = golden::numbers(numbers);
        inputs[input]     = values[input];
      }
      columns<double> gradient;
      for (std::string const live : {"chosen", "rejected"}) {
        gradients[live].resize(values[live].size());
        gradient[live] = gradients[live];
      }
      std::vector<double> losses(values["chosen"].size());
      double const mean = objective.evaluate(inputs, gradient, {.losses = losses});
      auto const where  = std::string(name.name()) + " " + one["name"].get<std::string>();
      golden::expect_close({mean}, {golden::number(one["outputs"]["mean"])}, where + " mean");
      golden::expect_close(losses, golden::numbers(one["outputs"]["loss"]), where + " loss");
      if (one.contains("kinks")) continue;  // a subgradient may be chosen there
      for (auto const& [key, numbers] : one["grad"].items()) {
        golden::expect_close(gradients[input_names.at(key)], golden::numbers(numbers), where + " d_" + key);
      }
      seen.insert(std::string(name.name()));
    }
  }
  EXPECT_GE(seen.size(), 18u);
}

TEST(AnyObjective, NamesAreUniqueAndFindThemselves) {
  std::set<std::string_view> names;
  for (auto const& one : every_objective()) {
    EXPECT_TRUE(names.insert(one.name()).second) << one.name();
    EXPECT_EQ(make_objective(one.name()).name(), one.name());
    EXPECT_FALSE(one.live().empty());
  }
  EXPECT_EQ(static_cast<int>(names.size()), objective::all_objectives::count);
}

// softplus(-0.5 h) for h = (-3 + 2) - (-1 + 2) = -2: log(1 + e), slope -0.5 e / (1 + e) = -0.365529...
TEST(AnyObjective, ParametersWeightsCountAndAccumulation) {
  any_objective const dpo = make_objective("dpo", {{"beta", 0.5}});
  EXPECT_EQ(dpo.parameter("beta", 9), 0.5);
  EXPECT_EQ(dpo.parameter("gamma", 9), 9);
  std::vector<double> const chosen{-3, -1}, rejected{-1, -1}, reference{-2, -1};
  std::vector<double> const weights{2, 0};
  std::vector<double> d_chosen{1, 1};
  double const loss =
      dpo.evaluate({{"chosen", chosen},
                    {"rejected", rejected},
                    {"reference_chosen", reference},
                    {"reference_rejected", reference}},
                   {{"chosen", d_chosen}}, {.count = 8, .factor = 4, .weights = weights, .accumulate = true});
  EXPECT_NEAR(loss, 2 * std::log1p(std::exp(1.0)) / 8, 1e-15);
  EXPECT_NEAR(d_chosen[0], 1 - 0.5 / (1 + std::exp(-1.0)), 1e-15);  // 4 * 2 / 8 = 1
  EXPECT_EQ(d_chosen[1], 1);
}

TEST(AnyObjective, OneThatIsInNoList) {
  objective::weighted_sum<objective::dpo, objective::dpo_nll> const mine{{.beta = 0.5}, {}, 0.5, 0.25};
  any_objective const erased = mine;
  EXPECT_EQ(erased.name(), "dpo_dpo_nll");
  EXPECT_EQ(erased.parameter("second_weight", 0), 0.25);
  EXPECT_TRUE(erased.needs("chosen_tokens"));
}

// A list whose references are left out, beside one of three; log 2 for two equal scores, log 3 for three.
TEST(AnyObjective, ListsOfDifferentLengths) {
  any_objective const softmax = make_objective("softmax_list");
  EXPECT_TRUE(softmax.of_lists());
  EXPECT_FALSE(softmax.needs("reference"));
  EXPECT_TRUE(softmax.needs("target"));
  std::vector<double> const score{1, 1, 5, 5, 5}, target{1, 0, 0, 0, 1};
  std::vector<std::int64_t> const offsets{0, 2, 5};
  std::vector<double> d(5), losses(2);
  softmax.evaluate({{"score", score}, {"target", target}}, {{"score", d}},
                   {.losses = losses, .list_offsets = offsets});
  EXPECT_NEAR(losses[0], std::log(2.0), 1e-15);
  EXPECT_NEAR(losses[1], std::log(3.0), 1e-15);
  for (int i = 0; i < 5; ++i)
    EXPECT_NEAR(d[i], ((i < 2 ? 1.0 / 2 : 1.0 / 3) - target[i]) / 2, 1e-15);  // softmax - target, two lists
}

TEST(AnyObjective, NotANumberComesBackWithItsExample) {
  any_objective const nll = make_objective("nll_sum");
  std::vector<double> const log_prob{-1, std::numeric_limits<double>::quiet_NaN()};
  std::vector<double> losses(2);
  EXPECT_TRUE(std::isnan(nll.evaluate({{"log_prob", log_prob}}, {}, {.losses = losses})));
  EXPECT_EQ(losses[0], 1);
  EXPECT_TRUE(std::isnan(losses[1]));
}

TEST(AnyObjective, RefusesWithASentence) {
  EXPECT_NE(refusal([] {
              make_objective("dop");
            }).find("objective: there is none named 'dop'; expected one of nll, nll_sum, poft, "),
            std::string::npos);
  EXPECT_EQ(refusal([] {
              make_objective("cdpo", {{"gamma", 1}});
            }),
            "cdpo has no parameter 'gamma'; it has beta, label_smoothing");
  EXPECT_EQ(refusal([] {
              make_objective("nll", {{"gamma", 1}});
            }),
            "nll has no parameter 'gamma'; it has none");
  EXPECT_EQ(refusal([] { make_objective("dpo", {{"beta", -1}}); }), "dpo: beta must be > 0");
  EXPECT_EQ(refusal([] { any_objective{objective::dpo{.beta = -1}}; }), "dpo: beta must be > 0");
  EXPECT_EQ(refusal([] {
              make_objective("plackett_luce", {{"top_k", 1.5}});
            }),
            "plackett_luce: top_k is 1.5, expected a whole number");

  std::vector<double> const two{-1, -2}, three{-1, -2, -3}, none{-1, 0}, twice{1, 1};
  std::vector<double> d(2);
  std::vector<std::int64_t> const falls{0, 2, 1}, one_list{0, 2};
  any_objective const nll = make_objective("nll"), ranks = make_objective("plackett_luce");
  EXPECT_EQ(refusal([&] {
              nll.evaluate({{"log_prob", two}}, {});
            }),
            "nll: there is no input 'tokens'; given are log_prob");
  EXPECT_EQ(refusal([&] {
              nll.evaluate({{"log_prob", two}, {"tokens", three}}, {});
            }),
            "nll: tokens has 3 elements, expected 2");
  EXPECT_EQ(refusal([&] {
              nll.evaluate({{"log_prob", two}, {"tokens", none}}, {});
            }),
            "nll: tokens[0] is -1, expected a token count > 0");
  EXPECT_EQ(refusal([&] {
              nll.evaluate({{"log_prob", two}, {"tokens", twice}}, {{"tokens", d}});
            }),
            "nll: it has no gradient for 'tokens'; it has one for log_prob");
  EXPECT_EQ(refusal([&] {
              nll.evaluate({{"log_prob", two}, {"tokens", twice}}, {}, {.count = -1});
            }),
            "nll: count is -1, expected a number of examples >= 0");
  EXPECT_EQ(refusal([&] {
              nll.evaluate({{"log_prob", two}, {"tokens", twice}}, {}, {.weights = three});
            }),
            "nll: weights has 3 elements, expected 2");
  EXPECT_EQ(
      refusal([&] {
        ranks.evaluate({{"score", two}, {"ranking", twice}}, {}, {.list_offsets = falls});
      }),
      "plackett_luce: list_offsets has 3 elements, expected lists + 1, rising from 0 to the 2 responses");
  EXPECT_EQ(refusal([&] {
              ranks.evaluate({{"score", two}, {"ranking", twice}}, {}, {.list_offsets = one_list});
            }),
            "plackett_luce: ranking[1] is 1, expected each of 0 .. 1 once in its list");
}

}  // namespace
}  // namespace poft
