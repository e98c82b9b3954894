// The checks before a step: a message names the operation, the value and its place.
// SPDX-License-Identifier: MIT
#include "poft/train/step.hpp"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace poft {
namespace {

template <class Error, class F>
std::string message_of(F f) {
  try {
    f();
  } catch (Error const& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(Step, MessagesNameTheValueAndItsPlace) {
  std::vector<float> gradients{1, 2, std::numeric_limits<float>::infinity(), 4};
  EXPECT_EQ(message_of<value_error>([&] { require_finite("adamw", std::span<float const>(gradients)); }),
            "adamw: gradient 2 is inf, expected a finite number");
  EXPECT_EQ(message_of<value_error>([] { require_learning_rate("sgd", -0.5); }),
            "sgd: learning rate is -0.5, expected finite and >= 0");
  EXPECT_EQ(message_of<shape_error>([] { require_lengths("sgd", 3, 4, 3); }),
            "sgd: 3 parameters, 4 gradients, state of 3, expected equal lengths");
}

TEST(Step, GoodInputPasses) {
  std::vector<double> const gradients{0, -1e308, 5e-324};
  EXPECT_NO_THROW(require_finite("adamw", std::span(gradients)));
  EXPECT_NO_THROW(require_finite("adamw", std::span<double const>()));
  EXPECT_NO_THROW(require_learning_rate("sgd", 0));
  EXPECT_NO_THROW(require_lengths("sgd", 3, 3, 3));
}

}  // namespace
}  // namespace poft
