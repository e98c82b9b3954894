// The mean over aligned models: worked examples, both layouts, missing scores.
// SPDX-License-Identifier: MIT
#include "poft/preference/aligned_models.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <vector>

#include "preference/expect_error.hpp"

namespace {
using namespace poft::preference;
using doubles = std::vector<double>;

TEST(aligned_models, mean_over_the_models_of_each_sample) {
  // [2 samples, 3 models]: (-1 - 2 - 6)/3, (0 - 0.5 - 1)/3
  EXPECT_EQ(mean_over_aligned_models(doubles{-1, -2, -6, /**/ 0, -0.5, -1}, 3), (doubles{-3, -0.5}));
  EXPECT_EQ(mean_over_aligned_models(std::vector<float>{-1, -2}, 1), (std::vector<float>{-1, -2}));
}

TEST(aligned_models, columns_are_the_same_scores) {
  doubles const first{-1, 0}, second{-2, -0.5}, third{-6, -1};
  std::vector<std::span<double const>> const columns{first, second, third};
  EXPECT_EQ(mean_over_aligned_models<double>(columns), (doubles{-3, -0.5}));
}

TEST(aligned_models, equal_models_do_not_change_the_score) {
  EXPECT_EQ(mean_over_aligned_models(doubles{-1.5, -1.5, /**/ -3, -3}, 2), (doubles{-1.5, -3}));
}

TEST(aligned_models, an_impossible_sample_is_not_a_missing_score) {
  EXPECT_EQ(mean_over_aligned_models(doubles{-1, -INFINITY}, 2), doubles{-INFINITY});
}

TEST(aligned_models, samples_scored_by_all) {
  EXPECT_EQ(scored_by_all(doubles{-1, -2, /**/ NAN, -1, /**/ -3, -1, /**/ -1, NAN}, 2),
            (std::vector<std::size_t>{0, 2}));
  EXPECT_TRUE(scored_by_all(doubles{NAN}, 1).empty());
}

TEST(aligned_models, bad_input_is_named) {
  using poft::shape_error, poft::value_error;
  expect_error<value_error>(
      [] {
        mean_over_aligned_models(doubles{-1, -2, -3, /**/ -1, -1, NAN}, 3);
      },
      {"mean_over_aligned_models: sample 1 has no score by model 2"});
  expect_error<value_error>(
      [] {
        mean_over_aligned_models(doubles{-1, INFINITY}, 2);
      },
      {"sample 0", "inf", "model 1"});
  expect_error<shape_error>(
      [] {
        mean_over_aligned_models(doubles{-1, -2, -3}, 2);
      },
      {"3 scores", "groups of 2"});
  expect_error<shape_error>([] { mean_over_aligned_models(doubles{}, 2); }, {"scores is empty"});
  expect_error<value_error>([] { mean_over_aligned_models(doubles{-1}, 0); }, {"size is 0"});
  doubles const two{-1, -2}, one{-1}, gap{-1, NAN};
  expect_error<shape_error>(
      [&] {
        mean_over_aligned_models<double>(std::vector<std::span<double const>>{two, one});
      },
      {"model 1 scored 1 samples", "model 0 scored 2"});
  expect_error<value_error>(
      [&] {
        mean_over_aligned_models<double>(std::vector<std::span<double const>>{two, gap});
      },
      {"sample 1 has no score by model 1"});
  expect_error<shape_error>([] { mean_over_aligned_models<double>(std::vector<std::span<double const>>{}); },
                            {"0 models"});
}

}  // namespace
