// Selection: worked examples, ties, golden best-of-n and gates, errors.
// SPDX-License-Identifier: MIT
#include "poft/preference/selection.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "preference/expect_error.hpp"
#if __has_include(<nlohmann/json.hpp>)
#include "support/golden.hpp"
#endif

namespace {
using namespace poft::preference;
using doubles = std::vector<double>;
using indices = std::vector<std::size_t>;

TEST(selection, best_of_n_takes_the_first_of_ties) {
  // [2 prompts, 3 samples]
  auto const places = best_of_n(doubles{1, 5, 5, /**/ 2, 0, 0}, 3);
  EXPECT_EQ(places.best, (indices{1, 0}));
  EXPECT_EQ(places.worst, (indices{0, 1}));
  auto const tied = best_of_n(doubles{7, 7, 7}, 3);
  EXPECT_EQ(tied.best, indices{0});
  EXPECT_EQ(tied.worst, indices{0});
}

TEST(selection, top_fraction_is_of_the_whole_batch) {
  doubles const score{0.1, 0.9, 0.5, 0.7, 0.3};
  EXPECT_EQ(keep_top_fraction(score, 0.4), (indices{1, 3}));                   // exactly 2 of 5
  EXPECT_EQ(keep_top_fraction(score, 0.5), (indices{1, 3}));                   // 2.5 down
  EXPECT_EQ(keep_top_fraction(score, 0.5, rounding::up), (indices{1, 2, 3}));  // 2.5 up
  EXPECT_EQ(keep_top_fraction(score, 1.0), (indices{0, 1, 2, 3, 4}));
  EXPECT_EQ(keep_top_fraction(score, 1e-6, rounding::up), indices{1});
}

TEST(selection, top_fraction_counts_as_decimals_do) {
  // 0.7 x 10 is 7, 0.2 x 15 is 3.0000000000000004 and 0.29 x 100 is 28.999999999999996 in doubles
  EXPECT_EQ(share_of(0.7, 10, rounding::down), 7u);
  EXPECT_EQ(share_of(0.2, 15, rounding::up), 3u);
  EXPECT_EQ(share_of(0.29, 100, rounding::down), 29u);
}

TEST(selection, ties_at_the_boundary_keep_the_lower_index) {
  EXPECT_EQ(keep_top_fraction(doubles{1, 2, 1, 1}, 0.5), (indices{0, 1}));
}

TEST(selection, threshold_is_inclusive) {
  EXPECT_EQ(keep_above(doubles{1, 2, 3}, 2), (indices{1, 2}));
  EXPECT_EQ(keep_above(doubles{1, 2, 3}, 4), indices{});
}

TEST(selection, instruction_following_difficulty) {
  // PPL(y|x) = e^1, PPL(y) = e^2: e^(1 - 2); an instruction that misleads: e^(3 - 2)
  auto const difficulty = instruction_following_difficulty(doubles{-1, -3}, doubles{-2, -2});
  EXPECT_DOUBLE_EQ(difficulty[0], std::exp(-1.0));
  EXPECT_DOUBLE_EQ(difficulty[1], std::exp(1.0));
}

TEST(selection, difficulty_filter_drops_what_misleads) {
  doubles const difficulty{0.2, 1.4, 0.9, 0.5, 1.0};
  EXPECT_EQ(keep_by_difficulty(difficulty, 0.4), (indices{2, 3}));     // the 2 hardest below 1
  EXPECT_EQ(keep_by_difficulty(difficulty, 1.0), (indices{0, 2, 3}));  // only 3 lie below 1
  EXPECT_EQ(keep_by_difficulty(difficulty, 0.4, 2), (indices{1, 4}));
}

TEST(selection, gate_closes_below_a_hundredth_of_the_best) {
  // best has probability 1/2: bound 0.005
  doubles const log_prob{std::log(0.5), std::log(0.00501), std::log(0.00499), 0.0};
  EXPECT_EQ(gated_negatives(log_prob, indices{0}, 4), (std::vector<char>{0, 1, 0, 1}));
  // a best of probability 0 is far below the floor of 1e-24: bound 1e-26
  EXPECT_EQ(gated_negatives(doubles{-INFINITY, std::log(1.1e-26), std::log(0.9e-26)}, indices{0}, 3),
            (std::vector<char>{0, 1, 0}));
  // long sequences: exp(-2000) underflows, the ratio e^-4 = 0.018 and e^-5 = 0.0067 does not
  EXPECT_EQ(gated_negatives(doubles{-2004, -2000, -2005}, indices{1}, 3, {.floor = 0}),
            (std::vector<char>{1, 0, 0}));
  EXPECT_EQ(gated_negatives(doubles{-INFINITY, -INFINITY}, indices{0}, 2, {.floor = 0}),
            (std::vector<char>{0, 0}));
}

TEST(selection, all_pairs_of_each_prompt) {
  // prompt 0: 1 < 3 = 3; prompt 1: 5 > 4 > 0
  auto const all = all_pairs(doubles{1, 3, 3, /**/ 5, 4, 0}, 3);
  EXPECT_EQ(all.pairs, (std::vector<index_pair>{{1, 0}, {2, 0}, {1, 2}, {3, 4}, {3, 5}, {4, 5}}));
  EXPECT_EQ(all.dropped_pairs, 0u);
  EXPECT_EQ(all.skipped_prompts, 0u);
}

TEST(selection, close_pairs_are_dropped_and_counted) {
  // differences 0.1, 0.5, 0.4 in the first prompt (0.1 dropped), all 0 in the second
  auto const some = all_pairs(doubles{0.1, 0.2, 0.6, /**/ 7, 7, 7}, 3, 0.25);
  EXPECT_EQ(some.pairs, (std::vector<index_pair>{{2, 0}, {2, 1}}));
  EXPECT_EQ(some.dropped_pairs, 4u);
  EXPECT_EQ(some.skipped_prompts, 1u);
  // a pair exactly at the threshold stays
  EXPECT_EQ(all_pairs(doubles{0.5, 0.25}, 2, 0.25).pairs.size(), 1u);
}

TEST(selection, bad_input_is_named) {
  using poft::shape_error, poft::value_error;
  doubles const missing{1, NAN};
  expect_error<value_error>([&] { best_of_n(missing, 2); }, {"best_of_n: reward[1] is nan"});
  expect_error<value_error>([&] { keep_top_fraction(missing, 1); }, {"keep_top_fraction: score[1] is nan"});
  expect_error<value_error>([&] { keep_above(missing, 0); }, {"keep_above: score[1] is nan"});
  expect_error<value_error>([&] { keep_by_difficulty(missing, 1); },
                            {"keep_by_difficulty: difficulty[1] is nan"});
  expect_error<value_error>([&] { all_pairs(missing, 2); }, {"all_pairs: reward[1] is nan"});
  expect_error<value_error>([&] { gated_negatives(missing, indices{0}, 2); },
                            {"gated_negatives: log_prob[1] is nan"});
  expect_error<value_error>(
      [&] {
        instruction_following_difficulty(doubles{1, 2}, missing);
      },
      {"mean_log_prob_alone[1] is nan"});

  expect_error<shape_error>([] { best_of_n(doubles{1, 2, 3}, 2); }, {"3 scores", "groups of 2"});
  expect_error<shape_error>([] { best_of_n(doubles{}, 2); }, {"reward is empty"});
  expect_error<value_error>([] { best_of_n(doubles{1}, 0); }, {"group size is 0"});
  expect_error<value_error>([] { keep_top_fraction(doubles{1, 2}, 0); }, {"fraction is 0"});
  expect_error<value_error>([] { keep_top_fraction(doubles{1, 2}, 1.01); }, {"fraction is 1.01"});
  expect_error<value_error>([] { keep_top_fraction(doubles{1, 2}, 0.3); }, {"fraction 0.3 of 2", "none"});
  expect_error<value_error>([] { keep_above(doubles{1}, NAN); }, {"threshold is nan"});
  expect_error<shape_error>(
      [] {
        instruction_following_difficulty(doubles{1}, doubles{1, 2});
      },
      {"has 1", "has 2"});
  expect_error<value_error>([] { all_pairs(doubles{1}, 1); }, {"all_pairs: group size is 1", "at least 2"});
  expect_error<value_error>([] { all_pairs(doubles{1, 2}, 2, -0.1); }, {"min_difference is -0.1"});
  expect_error<shape_error>(
      [] {
        gated_negatives(doubles{0, 0}, indices{0, 0}, 2);
      },
      {"best has 2", "prompts has 1"});
  expect_error<value_error>(
      [] {
        gated_negatives(doubles{0, 0}, indices{2}, 2);
      },
      {"best[0] is 2", "below 2"});
}

#if __has_include(<nlohmann/json.hpp>)
TEST(selection, golden_best_of_n) {
  for (auto const* objective :
       {"none", "worst", "average", "sum", "log_complement", "sum_constrained", "average_gated", "sum_gated"})
    for (auto const& one : golden::cases("F_policy_gradient", std::string("best_of_n_") + objective)) {
      auto const places = best_of_n(golden::numbers(one["inputs"]["R"]), one["shapes"]["R"][1]);
      EXPECT_EQ(places.best, one["outputs"]["best"].get<indices>()) << one["name"];
      EXPECT_EQ(places.worst, one["outputs"]["worst"].get<indices>()) << one["name"];
    }
}
TEST(selection, golden_gates) {
  for (auto const* objective : {"best_of_n_average_gated", "best_of_n_sum_gated"})
    for (auto const& one : golden::cases("F_policy_gradient", objective)) {
      std::size_t const n = one["shapes"]["R"][1];
      double const beta   = one["hyper"]["beta"];
      bool const average  = std::string(objective) == "best_of_n_average_gated";
      auto const log_prob = golden::numbers(one["inputs"]["l"]);
      auto const best     = best_of_n(golden::numbers(one["inputs"]["R"]), n).best;
      auto const open     = gated_negatives(log_prob, best, n);
      doubles loss(best.size());
      for (std::size_t prompt = 0; prompt < best.size(); ++prompt) {
        double pushed_down = 0;
        for (std::size_t i = prompt * n; i < (prompt + 1) * n; ++i)
          pushed_down += open[i] ? log_prob[i] : 0.0;
        loss[prompt] =
            -log_prob[prompt * n + best[prompt]] + beta * pushed_down / (average ? double(n - 1) : 1.0);
      }
      golden::expect_close(loss, golden::numbers(one["outputs"]["loss"]), one["name"]);
    }
}
#endif

}  // namespace
