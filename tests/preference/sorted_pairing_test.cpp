// AOT's permutations: worked examples, ties, golden losses through them, errors.
// SPDX-License-Identifier: MIT
#include "poft/preference/sorted_pairing.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "poft/scalar/functions.hpp"  // softplus
#include "preference/expect_error.hpp"
#if __has_include(<nlohmann/json.hpp>)
#include "support/golden.hpp"
#endif

namespace {
using namespace poft::preference;
using doubles = std::vector<double>;
using indices = std::vector<std::size_t>;

TEST(sorted_pairing, ties_keep_index_order) {
  EXPECT_EQ(ascending_order(doubles{2, 1, 2, 1}), (indices{1, 3, 0, 2}));
  EXPECT_EQ(ascending_order(std::vector<float>{0.0f, -0.0f}), (indices{0, 1}));
}

TEST(sorted_pairing, margins_meet_by_rank) {
  // policy margins 3 - 1, 0 - 1, 5 - 4 = 2, -1, 1; reference margins 0, 2, -2
  auto const pairing = pair_margins(doubles{3, 0, 5}, doubles{1, 1, 4}, doubles{1, 3, 0}, doubles{1, 1, 2});
  EXPECT_EQ(pairing.one, (indices{1, 2, 0}));
  EXPECT_EQ(pairing.other, (indices{2, 0, 1}));
}

TEST(sorted_pairing, log_ratios_meet_by_rank) {
  // chosen log-ratios 3 - 1, 0 - 3, 5 - 0 = 2, -3, 5; rejected 0, 0, 2
  auto const pairing =
      pair_log_ratios(doubles{3, 0, 5}, doubles{1, 1, 4}, doubles{1, 3, 0}, doubles{1, 1, 2});
  EXPECT_EQ(pairing.one, (indices{1, 0, 2}));
  EXPECT_EQ(pairing.other, (indices{0, 1, 2}));
}

TEST(sorted_pairing, bad_input_is_named) {
  using poft::shape_error, poft::value_error;
  doubles const two{1, 2}, one{1}, missing{1, NAN};
  expect_error<value_error>([&] { ascending_order(missing); }, {"ascending_order: scores[1] is nan"});
  expect_error<shape_error>([&] { pair_sorted(two, one); }, {"scores has 2", "other_scores has 1"});
  expect_error<shape_error>([&] { pair_margins(two, one, two, two); },
                            {"pair_margins: chosen has 2", "rejected has 1"});
  expect_error<value_error>([&] { pair_margins(two, two, two, missing); },
                            {"pair_margins: reference_rejected[1] is nan"});
  expect_error<value_error>([&] { pair_log_ratios(missing, two, two, two); },
                            {"pair_log_ratios: chosen[1] is nan"});
  expect_error<shape_error>([&] { pair_log_ratios(doubles{}, one, doubles{}, one); }, {"chosen is empty"});
}

#if __has_include(<nlohmann/json.hpp>)
// loss[k] = -(1 - eps) log sigmoid(beta d_k) - eps log sigmoid(-beta d_k), d_k = one's k-th smallest -
// other's k-th smallest
void expect_golden_pairings(std::string const& objective, bool paired) {
  for (auto const& one : golden::cases("B_pairwise_ref", objective)) {
    auto const lw = golden::numbers(one["inputs"]["lw"]), ll = golden::numbers(one["inputs"]["ll"]);
    auto const rw = golden::numbers(one["inputs"]["rw"]), rl = golden::numbers(one["inputs"]["rl"]);
    auto const pairing = paired ? pair_margins(lw, ll, rw, rl) : pair_log_ratios(lw, ll, rw, rl);
    double const beta = one["hyper"]["beta"], eps = one["hyper"]["eps"];
    doubles loss;
    for (std::size_t k = 0; k < lw.size(); ++k) {
      std::size_t const a = pairing.one[k], b = pairing.other[k];
      double const d = paired ? (lw[a] - ll[a]) - (rw[b] - rl[b]) : (lw[a] - rw[a]) - (ll[b] - rl[b]);
      loss.push_back((1 - eps) * poft::softplus(-beta * d) + eps * poft::softplus(beta * d));
    }
    golden::expect_close(loss, golden::numbers(one["outputs"]["loss"]), one["name"]);
  }
}
TEST(sorted_pairing, golden_paired) { expect_golden_pairings("aot", true); }
TEST(sorted_pairing, golden_unpaired) { expect_golden_pairings("aot_unpaired", false); }
#endif

}  // namespace
