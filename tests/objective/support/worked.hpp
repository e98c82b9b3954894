// The examples that worked tests compute by hand, and their comparison.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>

#include "poft/objective/inputs.hpp"
#include "poft/scalar/gradient.hpp"

namespace worked {

/// Log-ratios a_w = 1 and a_l = -3, margin h = 4.
inline constexpr poft::preference_pair<double> pair{-3, -5, -4, -2};
/// The same with 2 and 5 tokens: a_w / T_w = 0.5, a_l / T_l = -0.6, margin per token 1.1; mean log-prob of chosen -1.5.
inline constexpr poft::preference_pair_with_tokens<double> long_pair{-3, -5, -4, -2, 2, 5};
/// Margin 2; mean log-probs -1.5 and -1, margin per token -0.5.
inline constexpr poft::reference_free_pair<double> reference_free{-3, -5, 2, 5};

inline double softplus(double x) { return std::log1p(std::exp(x)); }
inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// The value, then the derivatives of the live members in their order.
template <class Objective, class Inputs>
void expect(Objective const& objective, Inputs const& in, double value,
            std::initializer_list<double> derivatives) {
  auto const result = value_and_gradient(objective, in);
  EXPECT_NEAR(result.value, value, 4e-15 * std::max(1.0, std::abs(value)));
  ASSERT_EQ(static_cast<std::size_t>(Inputs::live::count), derivatives.size());
  Inputs::live::for_each_index([&]<int K>() {
    double const want = derivatives.begin()[K];
    EXPECT_NEAR(Inputs::live::template get<K>(result.gradient), want, 4e-15 * std::max(1.0, std::abs(want)))
        << Inputs::live::template at<K>::name;
  });
}

}  // namespace worked
