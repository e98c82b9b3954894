// Unlikelihood: golden values of the term and of the token and sequence losses made of it.
// SPDX-License-Identifier: MIT
#include "poft/objective/unlikelihood.hpp"

#include "objective/support/golden_rows.hpp"
#include "poft/objective/nll.hpp"

namespace {
using namespace poft;

TEST(unlikelihood, worked_example) {
  // pi = 1/4: -log(3/4), slope pi / (1 - pi) = 1/3
  auto const result = value_and_gradient(objective::unlikelihood{}, token<double>{std::log(0.25)});
  EXPECT_NEAR(result.value, -std::log(0.75), 1e-16);
  EXPECT_NEAR(result.gradient.log_prob, 1.0 / 3, 1e-15);
}

TEST(unlikelihood, golden) {
  for (auto const& one : golden::cases("A_supervised", "unlikelihood")) {
    golden::expect_rows(one, objective::unlikelihood{}, {{"log_prob", "l"}});
  }
}

TEST(unlikelihood, token_level_adds_the_candidates_to_the_likelihood) {
  for (auto const& one : golden::cases("L_extra", "unlikelihood_token")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    double const alpha = golden::hyper(one, "alpha");
    auto const weight  = golden::numbers(one["inputs"]["cmask"]);
    auto const target =
        golden::evaluate(objective::nll_sum{}, {{"log_prob", golden::numbers(one["inputs"]["l"])}});
    auto const candidates =
        golden::evaluate(objective::unlikelihood{}, {{"log_prob", golden::numbers(one["inputs"]["lc"])}});
    std::size_t const rows = target.loss.size(), width = weight.size() / rows;
    auto loss                = target.loss;
    auto slope               = target.gradient.at("log_prob");
    auto slope_of_candidates = candidates.gradient.at("log_prob");
    for (double& s : slope) s /= static_cast<double>(rows);
    for (std::size_t i = 0; i < weight.size(); ++i) {
      if (weight[i] != 0) loss[i / width] += alpha * candidates.loss[i];
      slope_of_candidates[i] =
          weight[i] != 0 ? alpha * slope_of_candidates[i] / static_cast<double>(rows) : 0;
    }
    golden::expect_close(loss, golden::numbers(one["outputs"]["loss"]), "loss");
    golden::expect_close(slope, golden::numbers(one["grad"]["l"]), "d l");
    golden::expect_close(slope_of_candidates, golden::numbers(one["grad"]["lc"]), "d lc");
  }
}

TEST(unlikelihood, sequence_level_weighs_repeats_and_counts_all_tokens) {
  for (auto const& one : golden::cases("L_extra", "unlikelihood_sequence")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    auto const mask   = golden::numbers(one["inputs"]["mask"]),
               repeat = golden::numbers(one["inputs"]["repeat"]);
    auto const got =
        golden::evaluate(objective::unlikelihood{}, {{"log_prob", golden::numbers(one["inputs"]["lp"])}});
    auto slope   = got.gradient.at("log_prob");
    double total = 0, count = 0;
    for (std::size_t i = 0; i < mask.size(); ++i) count += mask[i];
    for (std::size_t i = 0; i < mask.size(); ++i) {
      bool const repeated = mask[i] * repeat[i] != 0;
      if (repeated) total += got.loss[i];
      slope[i] = repeated ? slope[i] / count : 0;
    }
    golden::expect_close({total / count}, {one["outputs"]["mean"].get<double>()}, "mean");
    golden::expect_close(slope, golden::numbers(one["grad"]["lp"]), "d lp");
  }
}
}  // namespace
