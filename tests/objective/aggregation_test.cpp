// Aggregation: two sequences of 1 and 3 tokens by hand, and independence of how the batch is cut.
// SPDX-License-Identifier: MIT
#include "poft/objective/aggregation.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {
using namespace poft::objective;

double aggregate(aggregation how, std::vector<std::vector<double>> const& losses, double count) {
  double total = 0;
  for (auto const& sequence : losses) {
    for (double const loss : sequence)
      total += token_weight(how, static_cast<double>(sequence.size())) * loss;
  }
  return total / count;
}

TEST(aggregation, worked_example) {
  // losses 6 | 1 2 3
  std::vector<std::vector<double>> const losses{{6}, {1, 2, 3}};
  auto of = [&](aggregation how) { return aggregate(how, losses, global_count(how, 2, 4, 5)); };
  EXPECT_DOUBLE_EQ(of(aggregation::sequence_mean), 4);  // (6 + 2) / 2
  EXPECT_DOUBLE_EQ(of(aggregation::token_mean), 3);     // 12 / 4
  EXPECT_DOUBLE_EQ(of(aggregation::constant), 1.2);     // 12 / (2 * 5)
  EXPECT_DOUBLE_EQ(of(aggregation::sequence_sum), 6);   // 12 / 2
  EXPECT_DOUBLE_EQ(of(aggregation::token_sum), 12);
}

TEST(aggregation, global_counts_make_micro_batches_add_up) {
  for (auto const how : {aggregation::sequence_mean, aggregation::token_mean, aggregation::constant,
                         aggregation::sequence_sum, aggregation::token_sum}) {
    double const count = global_count(how, 3, 7, 4);
    double const whole = aggregate(how, {{1, 2}, {3, 4, 5}, {6, 7}}, count);
    EXPECT_DOUBLE_EQ(aggregate(how, {{1, 2}}, count) + aggregate(how, {{3, 4, 5}, {6, 7}}, count), whole);
  }
}
}  // namespace
