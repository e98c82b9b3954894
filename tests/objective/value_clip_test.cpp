// PPO's value loss: worked examples and golden values.
// SPDX-License-Identifier: MIT
#include "poft/objective/value_clip.hpp"

#include "objective/support/golden_rows.hpp"

namespace {
using namespace poft;

TEST(value_clip, worked_example) {
  // V = 2, V_old = 1, clipped to 1.5: towards R = 3 the clipped error 1.5 is the larger one and has no
  // slope ...
  objective::value_clip const objective{.clip_range = 0.5};
  auto const towards = value_and_gradient(objective, value_prediction<double>{2, 1, 3});
  EXPECT_EQ(towards.value, 1.125);
  EXPECT_EQ(towards.gradient.value, 0.0);
  // ... away from R = 0 the own error 2 is, with slope 2.
  auto const away = value_and_gradient(objective, value_prediction<double>{2, 1, 0});
  EXPECT_EQ(away.value, 2.0);
  EXPECT_EQ(away.gradient.value, 2.0);
}

TEST(value_clip, golden) {
  for (auto const& one : golden::cases("L_extra", "value_clip")) {
    golden::expect_rows(one, objective::value_clip{golden::hyper(one, "eps_v")},
                        {{"value", "V"}, {"old_value", "V_old"}, {"target", "R"}});
  }
}

TEST(value_clip, refuses_an_empty_range) {
  EXPECT_STREQ((objective::value_clip{.clip_range = 0}.invalid()), "value_clip: clip_range must be > 0");
}
}  // namespace
