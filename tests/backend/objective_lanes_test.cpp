// Objectives on lanes: value and gradient of a pack are those of its elements.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "objective/support/checks.hpp"
#include "poft/backend/eigen/pack.hpp"
#include "poft/objective/policy_gradient.hpp"
#include "poft/objective/reward_models.hpp"
#include "poft/objective/reward_weighted.hpp"
#include "poft/objective/supervised.hpp"

namespace {
using namespace poft;

/// Infinite together, otherwise equal up to a few roundings of the largest number involved.
template <class T>
void expect_same(T got, T want, double largest, std::string const& what) {
  if (std::isinf(got) || std::isinf(want)) {
    // exp reaches the end of the type one rounding earlier or later
    EXPECT_TRUE(got == want || std::abs(std::isinf(got) ? want : got) > std::numeric_limits<T>::max() / 2)
        << what;
    return;
  }
  EXPECT_NEAR(got, want, 64 * std::numeric_limits<T>::epsilon() * (std::abs(double(want)) + largest)) << what;
}

template <class Objective, class T>
void expect_lanes_equal_scalars(bool extreme) {
  using pack   = eigen::pack<T>;
  using inputs = inputs_of<Objective, T>;
  std::vector<std::vector<double>> examples;
  checks::for_each_combination<inputs>(extreme, 500,
                                       [&](std::vector<double> const& at) { examples.push_back(at); });
  while (examples.size() % pack::size != 0) examples.push_back(examples.front());
  Objective const objective{};
  for (std::size_t first = 0; first < examples.size(); first += pack::size) {
    inputs_of<Objective, pack> lanes{};
    for (int k = 0; k < pack::size; ++k) {
      auto const x = checks::filled<inputs>(examples[first + static_cast<std::size_t>(k)]);
      inputs::live::for_each_index([&]<int K>() {
        inputs_of<Objective, pack>::live::template get<K>(lanes).lanes[k] = inputs::live::template get<K>(x);
      });
      inputs::frozen::for_each_index([&]<int K>() {
        inputs_of<Objective, pack>::frozen::template get<K>(lanes).lanes[k] =
            inputs::frozen::template get<K>(x);
      });
    }
    auto const got = value_and_gradient(objective, lanes);
    for (int k = 0; k < pack::size; ++k) {
      auto const& at   = examples[first + static_cast<std::size_t>(k)];
      auto const want  = value_and_gradient(objective, checks::filled<inputs>(at));
      auto const where = " at " + checks::shown<inputs>(at);
      double largest   = 1;
      for (double const x : at) largest = std::max(largest, std::abs(x));
      expect_same<T>(got.value.lanes[k], want.value, largest, "loss" + where);
      inputs::live::for_each_index([&]<int K>() {
        expect_same<T>(inputs_of<Objective, pack>::live::template get<K>(got.gradient).lanes[k],
                       inputs::live::template get<K>(want.gradient), largest,
                       std::string("d ") + inputs::live::template at<K>::name + where);
      });
    }
  }
}

template <class List>
void expect_list() {
  List::for_each([]<class Objective>() {
    SCOPED_TRACE(Objective::name);
    for (bool const extreme : {false, true}) {
      expect_lanes_equal_scalars<Objective, float>(extreme);
      expect_lanes_equal_scalars<Objective, double>(extreme);
    }
  });
}

TEST(objective_lanes, supervised) { expect_list<objective::supervised_objectives>(); }
TEST(objective_lanes, reward_models) { expect_list<objective::reward_model_objectives>(); }
TEST(objective_lanes, reward_weighted) { expect_list<objective::reward_weighted_objectives>(); }
TEST(objective_lanes, policy_gradient) { expect_list<objective::policy_gradient_objectives>(); }
}  // namespace
