// Level 1 of every objective of a family on the device, against the one-by-one oracle; a family is a translation unit.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "batch/example_columns.hpp"
#include "cuda/on_device.cuh"
#include "poft/backend/one_by_one.hpp"
#include "poft/batch/evaluate.hpp"

namespace poft_test {

template <class Objective>
void expect_level_1(poft::cuda::backend const& device) {
  constexpr std::size_t size = 3001;
  checks::example_columns<Objective, double> oracle(size);
  double const want = poft::batch_loss_and_gradient(poft::one_by_one{}, Objective{}, oracle.in(0, size),
                                                    oracle.d(0, size), {.count = 1});

  using columns = checks::example_columns<Objective, float>;
  columns const host(size);
  std::vector<travelling<float>> given, made;
  for (auto const& column : host.column) given.emplace_back(device, column);
  for (auto const& column : host.gradient) made.emplace_back(device, column);
  using read    = typename columns::template inputs<std::span<float const>>;
  using written = typename columns::template inputs<std::span<float>>;
  read in;
  written d;
  read::live::for_each_index([&]<int K>() {
    read::live::template get<K>(in)   = given[K].span();
    written::live::template get<K>(d) = made[K].span();
  });
  read::frozen::for_each_index(
      [&]<int K>() { read::frozen::template get<K>(in) = given[columns::live + K].span(); });
  double const got = poft::batch_loss_and_gradient(device, Objective{}, in, d, {.count = 1});
  EXPECT_NEAR(got, want, 1e-5 * size * std::max(1.0, std::abs(want) / size)) << Objective::name;
  for (auto& column : made) column.back();
  auto const exactly = [](std::vector<double> const& at) {
    using inputs = poft::inputs_of<Objective, double>;
    return checks::live_members(value_and_gradient(Objective{}, checks::filled<inputs>(at)).gradient);
  };
  for (std::size_t i = 0; i < size; ++i) {
    // Beside a kink, what float has of the inputs may be on its other side.
    auto const spread = checks::moved_by_rounding(oracle.rows[i], exactly);
    for (std::size_t k = 0; k < made.size(); ++k) {
      double const exact = oracle.gradient[k][i];
      ASSERT_NEAR(made[k].host[i], exact, 2e-5 * std::max(1.0, std::abs(exact)) + spread[k])
          << Objective::name << ", example " << i;
    }
  }
}

template <class List>
void expect_level_1_of_each(poft::cuda::backend const& device) {
  List::for_each([&]<class Objective>() { expect_level_1<Objective>(device); });
}

}  // namespace poft_test
