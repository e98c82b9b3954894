// Level 1 for every objective of a list: lanes equal scalars, any number of threads and any split into micro-batches give
// the same bits. A family's test is `on_lanes::expect_all<its_list>()`.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "batch/example_columns.hpp"
#include "objective/support/checks.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/batch/evaluate.hpp"

namespace on_lanes {

template <class Objective, class T>
using batch = checks::example_columns<Objective, T>;

template <class Objective, class T>
void expect_scalars(std::size_t n) {
  double const near = sizeof(T) == 4 ? 1e-6 : 1e-14;
  batch<Objective, T> b(n);
  std::vector<T> losses(n);
  Objective const objective{};
  poft::batch_loss_and_gradient(poft::eigen::backend{1}, objective, b.in(0, n), b.d(0, n),
                                {.count = 1, .losses = losses});
  for (std::size_t i = 0; i < n; ++i) {
    auto const want = value_and_gradient(objective, checks::filled<poft::inputs_of<Objective, T>>(b.rows[i]));
    auto const gradient = checks::live_members(want.gradient);
    auto expect         = [&](T got, T exact, std::string const& what) {
      EXPECT_NEAR(got, exact, near * std::max(1.0, std::abs(double(exact))))
          << what << " of example " << i << " of " << n << " at "
          << checks::shown<poft::inputs_of<Objective, T>>(b.rows[i]);
    };
    expect(losses[i], want.value, "loss");
    for (std::size_t k = 0; k < gradient.size(); ++k)
      expect(b.gradient[k][i], gradient[k], "derivative " + std::to_string(k));
  }
}

template <class Objective>
void expect_threads() {
  std::size_t const n = 9000;  // several pieces
  batch<Objective, float> one(n);
  double const loss =
      poft::batch_loss_and_gradient(poft::eigen::backend{1}, Objective{}, one.in(0, n), one.d(0, n), {});
  for (int threads : {2, 3, 7}) {
    batch<Objective, float> many(n);
    EXPECT_EQ(poft::batch_loss_and_gradient(poft::eigen::backend{threads}, Objective{}, many.in(0, n),
                                            many.d(0, n), {}),
              loss);
    EXPECT_EQ(many.gradient, one.gradient) << threads << " threads";
  }
}

template <class Objective>
void expect_micro_batches() {
  std::size_t const n = 70;
  batch<Objective, float> whole(n), split(n);
  poft::batch_options<float> const global{.count = double(n)};
  double const loss = poft::batch_loss_and_gradient(poft::eigen::backend{1}, Objective{}, whole.in(0, n),
                                                    whole.d(0, n), global);
  double sum        = 0;
  std::size_t first = 0;
  for (std::size_t count : {17u, 1u, 52u}) {
    sum += poft::batch_loss_and_gradient(poft::eigen::backend{1}, Objective{}, split.in(first, count),
                                         split.d(first, count), global);
    first += count;
  }
  EXPECT_NEAR(sum, loss, 1e-5 * std::max(1.0, std::abs(loss)));  // sums in another order
  EXPECT_EQ(split.gradient, whole.gradient);
}

template <class List>
void expect_all() {
  List::for_each([]<class Objective>() {
    SCOPED_TRACE(Objective::name);
    for (std::size_t n = 1; n <= 70; ++n) {
      expect_scalars<Objective, float>(n);
      expect_scalars<Objective, double>(n);
      if (testing::Test::HasFailure()) return;
    }
    expect_threads<Objective>();
    expect_micro_batches<Objective>();
  });
}

}  // namespace on_lanes
