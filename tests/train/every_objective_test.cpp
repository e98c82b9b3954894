// any_objective beside the formula it stands for, for every objective of the list.
// SPDX-License-Identifier: MIT
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "poft/train/any_objective.hpp"

namespace poft {
namespace {

// Plausible numbers for any input; rows differ.
double plausible(std::string_view name, int row) {
  if (name.ends_with("tokens")) return 3 + row;
  if (name == "desirable" || name == "clean") return row % 2;
  if (name == "win_probability") return 0.25 + 0.25 * row;
  if (name == "advantage") return row == 1 ? -0.5 : 0.75;
  if (name == "ranking") return row == 0 ? 1 : row == 1 ? 2 : 0;
  if (name == "target") return row == 0 ? 0.5 : 0.25;
  if (name == "reward") return 3 - row;
  return -1.25 - 0.5 * row - 0.03 * static_cast<double>(name.size());
}

template <class Objective>
void compare_with_formula() {
  constexpr int rows = 3;
  using inputs       = inputs_of<Objective, double>;
  any_objective const erased{Objective{}};
  std::map<std::string, std::vector<double>> values, d_values;
  columns<double const> in;
  columns<double> gradient;
  for (auto const names : {erased.live(), erased.frozen()}) {
    for (std::string const name : names) {
      for (int r = 0; r < rows; ++r) values[name].push_back(plausible(name, r));
      in[name] = values[name];
    }
  }
  for (std::string const name : erased.live()) {
    d_values[name].resize(rows);
    gradient[name] = d_values[name];
  }
  std::vector<double> losses(list_objective<Objective> ? 1 : rows);
  std::vector<std::int64_t> const offsets{0, rows};
  double const factor = 0.5;
  double const mean =
      erased.evaluate(in, gradient, {.factor = factor, .losses = losses, .list_offsets = offsets});

  double total = 0;
  if constexpr (list_objective<Objective>) {
    std::vector<std::int32_t> const places(values["ranking"].begin(), values["ranking"].end());
    std::vector<double> d(rows);
    inputs list;
    inputs::live::template get<0>(list) = values[erased.live()[0]];
    inputs::frozen::for_each_index([&]<int K>() {
      auto& member = inputs::frozen::template get<K>(list);
      if constexpr (std::is_assignable_v<decltype(member), view<double const>>) {
        member = values[inputs::frozen::template at<K>::name];
      } else {
        member = places;
      }
    });
    total = Objective{}(list, view<double>(d));
    EXPECT_EQ(losses[0], total) << erased.name();
    for (int r = 0; r < rows; ++r)
      EXPECT_EQ(d_values[erased.live()[0]][r], factor * d[r]) << erased.name() << r;
  } else {
    for (int r = 0; r < rows; ++r) {
      inputs x;
      inputs::live::for_each_index(
          [&]<int K>() { inputs::live::template get<K>(x) = values[inputs::live::template at<K>::name][r]; });
      inputs::frozen::for_each_index([&]<int K>() {
        inputs::frozen::template get<K>(x) = values[inputs::frozen::template at<K>::name][r];
      });
      auto const want = value_and_gradient(Objective{}, x);
      EXPECT_EQ(losses[r], want.value) << erased.name() << r;
      inputs::live::for_each_index([&]<int K>() {
        EXPECT_EQ(d_values[inputs::live::template at<K>::name][r],
                  inputs::live::template get<K>(want.gradient) * (factor / rows))
            << erased.name() << r;
      });
      total += want.value;
    }
    total /= rows;
  }
  EXPECT_EQ(mean, total) << erased.name();
}

TEST(AnyObjective, IsItsFormulaForEveryOneOfTheList) {
  objective::all_objectives::for_each([]<class Objective>() { compare_with_formula<Objective>(); });
}

}  // namespace
}  // namespace poft
