// Half the squared error: golden values, and value_clip without a clip.
// SPDX-License-Identifier: MIT
#include "poft/objective/value_mse.hpp"

#include "objective/support/golden_rows.hpp"
#include "poft/objective/value_clip.hpp"

namespace {
using namespace poft;

TEST(value_mse, golden) {
  for (auto const& one : golden::cases("L_extra", "value_mse")) {
    golden::expect_rows(one, objective::value_mse{}, {{"value", "V"}, {"target", "R"}});
  }
}

TEST(value_mse, is_value_clip_with_a_range_that_never_ends) {
  auto const mse = value_and_gradient(objective::value_mse{}, value_target<double>{2, -1});
  auto const clip =
      value_and_gradient(objective::value_clip{.clip_range = INFINITY}, value_prediction<double>{2, 0, -1});
  EXPECT_EQ(mse.value, 4.5);
  EXPECT_EQ(mse.value, clip.value);
  EXPECT_EQ(mse.gradient.value, clip.gradient.value);
}
}  // namespace
