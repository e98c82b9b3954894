// Adam on lanes is train/adamw.hpp without decay.
// SPDX-License-Identifier: MIT
#include "poft/bandit/adam.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "poft/backend/eigen/backend.hpp"
#include "poft/backend/one_by_one.hpp"

namespace {

template <class Backend, class T>
void expect_as_adamw(Backend const& backend, double tolerance) {
  std::size_t const n = 10007;  // several pieces and a tail
  std::vector<T> ours(n), theirs(n), gradient(n);
  for (std::size_t i = 0; i < n; ++i) ours[i] = theirs[i] = static_cast<T>(std::sin(double(i)));
  poft::bandit::adam<T> optimiser(n);
  poft::adamw_state<T> state(n);
  for (int step = 0; step < 3; ++step) {
    for (std::size_t i = 0; i < n; ++i) gradient[i] = static_cast<T>(std::cos(double(i) * (step + 1)));
    optimiser.update(backend, ours, gradient, 0.01);
    poft::adamw{.weight_decay = 0}.update(state, std::span(theirs), gradient, 0.01);
  }
  for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(ours[i], theirs[i], tolerance) << i;
}

TEST(adam, is_adamw_without_decay) {
  expect_as_adamw<poft::one_by_one, double>({}, 0);
  expect_as_adamw<poft::eigen::backend, double>({.threads = 1}, 1e-14);
  expect_as_adamw<poft::eigen::backend, float>({.threads = 2}, 1e-6);
}

TEST(adam, refuses_what_does_not_fit) {
  std::vector<float> three(3), two(2);
  poft::bandit::adam<float> optimiser(3);
  EXPECT_THROW(optimiser.update(poft::eigen::backend{1}, three, two, 0.01), poft::shape_error);
  EXPECT_THROW(optimiser.update(poft::eigen::backend{1}, three, three, -1), poft::value_error);
}

}  // namespace
