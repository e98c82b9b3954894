// sgd: torch's values (golden family I), steps by hand, and what it refuses.
// SPDX-License-Identifier: MIT
#include "poft/train/sgd.hpp"

#include <limits>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "support/golden.hpp"

namespace poft {
namespace {

TEST(Sgd, GoldenValues) {
  for (auto const& one : golden::cases("I_optimisers", "sgd")) {
    auto const& hyper = one["hyper"];
    sgd const optimiser{
        .momentum = hyper["momentum"], .weight_decay = hyper["weight_decay"], .nesterov = hyper["nesterov"]};
    std::vector<double> parameters      = one["inputs"]["p0"];
    std::vector<double> const gradients = one["inputs"]["grads"], want = one["outputs"]["params"];
    std::size_t const n  = parameters.size();
    double const largest = golden::largest_finite(want);
    sgd_state<double> state(n);
    ASSERT_EQ(want.size() % n, 0u);
    for (std::size_t step = 0; step < want.size() / n; ++step) {
      optimiser.update(state, parameters, std::span(gradients).subspan(step * n, n), hyper["lr"]);
      for (std::size_t i = 0; i < n; ++i) {
        EXPECT_TRUE(golden::agree(parameters[i], want[step * n + i], largest))
            << one["name"] << ' ' << step << ' ' << i;
      }
    }
  }
}

TEST(Sgd, ByHand) {
  // p = 1, g = 0.5, then 0.25; rate 0.5, momentum 0.5, decay 0.5, every number exact in binary.
  // Step 1: g + 0.5 p = 1,     v = 1,                       p = 1 - 0.5 * 1      = 0.5
  // Step 2: g + 0.5 p = 0.5,   v = 0.5 * 1 + 0.5 = 1,       p = 0.5 - 0.5 * 1    = 0
  sgd optimiser{.momentum = 0.5, .weight_decay = 0.5, .nesterov = false};
  std::vector<float> p{1};
  std::vector<float> const first{0.5f}, second{0.25f};
  sgd_state<float> state(1);
  optimiser.update(state, p, first, 0.5);
  EXPECT_EQ(p[0], 0.5f);
  optimiser.update(state, p, second, 0.5);
  EXPECT_EQ(p[0], 0.0f);
  EXPECT_EQ(state.velocity[0], 1.0f);
  EXPECT_EQ(state.steps, 2);

  // Nesterov, step 1: g + 0.5 p = 1, v = 1, direction 1 + 0.5 * 1 = 1.5, p = 1 - 0.75 = 0.25
  optimiser.nesterov = true;
  p                  = {1};
  state              = sgd_state<float>(1);
  optimiser.update(state, p, first, 0.5);
  EXPECT_EQ(p[0], 0.25f);
}

TEST(Sgd, RefusesWhatItCannotUse) {
  double const nan      = std::numeric_limits<double>::quiet_NaN(),
               infinity = std::numeric_limits<double>::infinity();
  std::vector<double> p{1, 2};
  std::vector<double> const g{3, 4};
  sgd_state<double> state(2);
  for (sgd const& optimiser :
       {sgd{.momentum = -0.1}, sgd{.momentum = 1}, sgd{.momentum = nan}, sgd{.weight_decay = -1},
        sgd{.weight_decay = infinity}, sgd{.nesterov = true}}) {
    EXPECT_THROW(optimiser.update(state, p, g, 0.1), value_error);
  }
  for (double rate : {-0.1, nan, infinity}) EXPECT_THROW(sgd{}.update(state, p, g, rate), value_error);

  sgd_state<double> shorter(1);
  EXPECT_THROW(sgd{}.update(shorter, p, g, 0.1), shape_error);
  EXPECT_THROW(sgd{}.update(state, p, std::span(g).first(1), 0.1), shape_error);
  EXPECT_EQ(p, (std::vector<double>{1, 2})) << "nothing is half done";
  EXPECT_EQ(state.steps, 0);

  EXPECT_NO_THROW(sgd{}.update(state, p, g, 0));
  EXPECT_EQ(p, (std::vector<double>{1, 2}));
}

}  // namespace
}  // namespace poft
