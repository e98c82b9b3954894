// PoFT in two directions: golden values, and its relation to poft.
// SPDX-License-Identifier: MIT
#include "poft/objective/bi_poft.hpp"

#include "objective/support/golden_rows.hpp"
#include "poft/objective/poft.hpp"

namespace {
using namespace poft;

TEST(bi_poft, golden) {
  for (auto const& one : golden::cases("A_supervised", "bi_poft")) {
    auto with_mean               = one;
    with_mean["inputs"]["r_llm"] = one["outputs"]["r_llm"];
    with_mean["inputs"]["label"] = one["inputs"]["label"];
    golden::expect_rows(
        with_mean, objective::bi_poft{golden::hyper(one, "beta"), golden::hyper(one, "gamma")},
        {{"log_prob", "r_theta"}, {"tokens", 1.0}, {"aligned_score", "r_llm"}, {"clean", "label"}});
  }
}

TEST(bi_poft, clean_samples_are_poft_and_noise_is_its_mirror) {
  objective::poft const one_way{.beta = 1.5};
  objective::bi_poft const two_ways{.beta = 1.5};
  // Mirrored about the aligned score: r_theta - r_llm = -3/2 + 1 becomes +1/2 for r_theta = -1/2.
  EXPECT_EQ(two_ways(labelled_scored_sequence<double>{-3, 2, -1, 1}),
            one_way(scored_sequence<double>{-3, 2, -1}));
  EXPECT_EQ(two_ways(labelled_scored_sequence<double>{-3, 2, -1, 0}),
            one_way(scored_sequence<double>{-1, 2, -1}));
}

TEST(bi_poft, refuses_beta_that_is_not_positive) {
  EXPECT_STREQ((objective::bi_poft{.beta = -1}.invalid()), "bi_poft: beta must be > 0");
}
}  // namespace
