// What every objective must satisfy, checked from its input struct alone: derivatives, extremes, closed vocabulary,
// parameters. A family's test is `checks::expect_all<its_list>()`.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "objective/support/archetype.hpp"
#include "poft/objective/list.hpp"
#include "poft/scalar/gradient.hpp"

namespace checks {

/// Numbers that make sense for member `index` of that name. Ordinary log-probs differ from member to member: a tie can be a
/// kink.
struct values {
  std::vector<double> ordinary, extreme;
};
inline values of_member(std::string_view name, std::size_t index) {
  if (name.ends_with("tokens")) return {{1, 7, 30}, {1, 300}};
  if (name == "desirable" || name == "clean") return {{0, 1}, {0, 1}};
  if (name.ends_with("probability")) return {{0.1, 0.5, 0.9}, {0, 1}};
  if (name == "weight") return {{0.5, 1, 2}, {0, 1e3}};
  if (name == "baseline") return {{0, 0.3, 2.1}, {0, 1e3}};
  for (char const* any : {"advantage", "reward", "margin", "value", "target_value", "old_value"}) {
    if (name.ends_with(any)) return {{-1.3, 0.2, 2.4}, {0, -1, 1, -1e3, 1e3}};
  }
  double const apart = 0.07 * static_cast<double>(index);
  return {{-0.31 - apart, -1.7 - apart, -2.9 - apart, -4.3 - apart},
          {0, -1e-9, -1e-3, -1, -50, -1e3, -1e5}};  // log-probs
}

/// All members of an input struct as an array: live ones first, then the frozen ones.
template <class Inputs>
inline constexpr int member_count = Inputs::live::count + Inputs::frozen::count;

template <class Inputs>
std::vector<char const*> member_names() {
  std::vector<char const*> out;
  Inputs::live::for_each_index([&]<int K>() { out.push_back(Inputs::live::template at<K>::name); });
  Inputs::frozen::for_each_index([&]<int K>() { out.push_back(Inputs::frozen::template at<K>::name); });
  return out;
}
template <class Inputs, class From>
Inputs filled(std::vector<From> const& numbers) {
  Inputs x{};
  std::size_t next = 0;
  auto set         = [&](auto& member) {
    member = std::remove_reference_t<decltype(member)>(
        static_cast<poft::element_t<std::remove_reference_t<decltype(member)>>>(numbers[next++]));
  };
  Inputs::live::for_each_index([&]<int K>() { set(Inputs::live::template get<K>(x)); });
  Inputs::frozen::for_each_index([&]<int K>() { set(Inputs::frozen::template get<K>(x)); });
  return x;
}
template <class Inputs>
std::string shown(std::vector<double> const& numbers) {
  std::string out;
  auto const names = member_names<Inputs>();
  for (std::size_t k = 0; k < numbers.size(); ++k) {
    out += std::string(names[k]) + " = " + std::to_string(numbers[k]) + "  ";
  }
  return out;
}

/// f(numbers) for every combination of the members' values, thinned by a fixed stride to at most `limit`.
template <class Inputs, class F>
void for_each_combination(bool extreme, std::size_t limit, F f) {
  std::vector<std::vector<double>> choice;
  std::size_t count = 1;
  for (char const* name : member_names<Inputs>()) {
    auto const all = of_member(name, choice.size());
    choice.push_back(extreme ? all.extreme : all.ordinary);
    count *= choice.back().size();
  }
  std::size_t stride = count / limit + 1;
  while (stride > 1 && (stride % 2 == 0 || stride % 3 == 0 || stride % 5 == 0 || stride % 7 == 0)) ++stride;
  for (std::size_t index = 0; index < count; index += stride) {
    std::vector<double> numbers;
    std::size_t rest = index;
    for (auto const& one : choice) {
      numbers.push_back(one[rest % one.size()]);
      rest /= one.size();
    }
    f(numbers);
  }
}

template <class Inputs>
std::vector<typename std::remove_cvref_t<decltype(Inputs::live::template get<0>(std::declval<Inputs&>()))>>
live_members(Inputs const& x) {
  std::vector<std::remove_cvref_t<decltype(Inputs::live::template get<0>(x))>> out;
  Inputs::live::for_each_index([&]<int K>() { out.push_back(Inputs::live::template get<K>(x)); });
  return out;
}

/// Central differences in double, relative 1e-6. A member that formulas treat as a constant (stop_gradient) is left out with
/// `frozen_by_formula`.
template <class Objective>
void expect_derivatives(Objective const& objective, std::string_view frozen_by_formula = "") {
  using inputs     = poft::inputs_of<Objective, double>;
  auto const names = member_names<inputs>();
  for_each_combination<inputs>(false, 400, [&](std::vector<double> const& at) {
    if (testing::Test::HasFailure()) return;
    auto const result   = value_and_gradient(objective, filled<inputs>(at));
    auto const gradient = live_members(result.gradient);
    for (std::size_t k = 0; k < gradient.size(); ++k) {
      if (names[k] == frozen_by_formula) continue;
      double const step = 1e-4;
      auto moved        = [&](double by) {
        auto x = at;
        x[k] += by;
        return objective(filled<inputs>(x));
      };
      double const ahead = moved(step), behind = moved(-step);
      // Two central differences without their quadratic error.
      double const fine = (moved(step / 2) - moved(-step / 2)) / step, coarse = (ahead - behind) / (2 * step);
      double const slope = (4 * fine - coarse) / 3;
      EXPECT_NEAR(gradient[k], slope, 1e-6 * std::abs(slope) + 1e-9 * std::max(1.0, std::abs(result.value)))
          << "d " << names[k] << " at " << shown<inputs>(at);
    }
  });
}

/// The loss, then the derivatives of the live members.
template <class Inputs, class T>
std::vector<T> everything(poft::evaluation<Inputs, T> const& result) {
  std::vector<T> out = live_members(result.gradient);
  out.insert(out.begin(), result.value);
  return out;
}

/// How far each of exactly(point)'s numbers moves when the inputs move by a rounding to float of the largest one.
template <class T, class F>
std::vector<T> moved_by_rounding(std::vector<T> const& point, F const& exactly) {
  T rounding = 0;
  for (T x : point) rounding = std::max(rounding, std::abs(x) * 2 * std::numeric_limits<float>::epsilon());
  std::vector<T> const exact = exactly(point);
  std::vector<T> spread(exact.size());
  for (std::size_t k = 0; k < point.size(); ++k) {
    for (T by : {-rounding, rounding}) {
      auto moved = point;
      moved[k] += by;
      auto const there = exactly(moved);
      for (std::size_t m = 0; m < exact.size(); ++m) {
        T const way =
            std::isfinite(there[m]) ? std::abs(there[m] - exact[m]) : std::numeric_limits<T>::infinity();
        spread[m] = std::max(spread[m], way);
      }
    }
  }
  return spread;
}

/// Log-probs from 0 to -1e5 and ties in float, beside the same formula in long double: never NaN, infinite only where the
/// exact number exceeds float, and as close as inputs rounded to float allow; so neither a wrong sign.
template <class Objective>
void expect_sane_extremes(Objective const& objective) {
  using inputs               = poft::inputs_of<Objective, float>;
  using exact_inputs         = poft::inputs_of<Objective, long double>;
  long double const overflow = std::numeric_limits<float>::max() * (1 - 1e-5l);
  // Derivatives beyond this may be bounded instead of exact: see exponential_difference.
  long double const huge = std::numeric_limits<float>::max() / 0x1p26l;
  for_each_combination<inputs>(true, 20000, [&](std::vector<double> const& at) {
    if (testing::Test::HasFailure()) return;
    std::vector<float> const numbers(at.begin(), at.end());
    auto exactly = [&](std::vector<long double> const& x) {
      return everything(value_and_gradient(objective, filled<exact_inputs>(x)));
    };
    std::vector<long double> const point(numbers.begin(), numbers.end());
    auto const got   = everything(value_and_gradient(objective, filled<inputs>(numbers)));
    auto const exact = exactly(point);

    auto const spread = moved_by_rounding(point, exactly);
    for (std::size_t m = 0; m < got.size(); ++m) {
      std::string const what =
          (m == 0 ? std::string("loss") : std::string("d ") + member_names<inputs>()[m - 1]) + " at " +
          shown<inputs>(at) + ": got " + std::to_string(got[m]) + ", exactly " + std::to_string(exact[m]);
      EXPECT_FALSE(std::isnan(got[m])) << what;
      bool const below_an_infinite_loss = m > 0 && std::isinf(got[0]);  // its derivatives may be infinite too
      if (std::isinf(got[m]) && !below_an_infinite_loss) {
        EXPECT_GT(std::abs(exact[m]) + spread[m], overflow) << what;
      }
      if (std::isinf(got[m]) || !(std::abs(exact[m]) < huge)) {
        EXPECT_FALSE(got[m] * exact[m] < 0 && spread[m] < std::abs(exact[m])) << what;
      } else {
        EXPECT_LE(std::abs(got[m] - exact[m]), 1e-5l * (1 + std::abs(exact[m])) + 4 * spread[m]) << what;
      }
    }
  });
}

/// The value beside a gradient is the value alone, bit for bit.
template <class Objective>
void expect_same_value_with_gradient(Objective const& objective) {
  using inputs = poft::inputs_of<Objective, float>;
  for (bool extreme : {false, true}) {
    for_each_combination<inputs>(extreme, 5000, [&](std::vector<double> const& at) {
      auto const x      = filled<inputs>(at);
      float const alone = objective(x), beside = value_and_gradient(objective, x).value;
      EXPECT_EQ(std::memcmp(&alone, &beside, sizeof alone), 0)
          << alone << " and " << beside << " at " << shown<inputs>(at);
    });
  }
}

/// The formula uses the vocabulary only: it compiles for a type that has nothing else, and gives what float gives.
template <class Objective>
void expect_closed_vocabulary(Objective const& objective) {
  using hidden_inputs = poft::inputs_of<Objective, archetype>;
  using inputs        = poft::inputs_of<Objective, float>;
  for_each_combination<inputs>(false, 50, [&](std::vector<double> const& at) {
    auto const hidden = value_and_gradient(objective, filled<hidden_inputs>(at));
    auto const plain  = value_and_gradient(objective, filled<inputs>(at));
    EXPECT_EQ(hidden.value.hidden, plain.value);
    EXPECT_EQ(objective(filled<hidden_inputs>(at)).hidden, plain.value);
    auto const of_hidden = live_members(hidden.gradient);
    auto const of_plain  = live_members(plain.gradient);
    for (std::size_t k = 0; k < of_plain.size(); ++k) EXPECT_EQ(of_hidden[k].hidden, of_plain[k]);
  });
}

/// Defaults are valid, every parameter can be set by its name, and none may be NaN.
template <class Objective>
void expect_parameters(Objective const& defaults) {
  using parameters = typename Objective::parameters;
  EXPECT_EQ(defaults.invalid(), nullptr);
  std::set<std::string> names;
  parameters::for_each_index([&]<int K>() {
    Objective changed = defaults;
    auto& parameter   = parameters::template get<K>(changed);
    names.insert(parameters::template at<K>::name);
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(parameter)>, double>) {
      parameter = std::numeric_limits<double>::quiet_NaN();
      ASSERT_NE(changed.invalid(), nullptr) << parameters::template at<K>::name << " may be NaN";
      EXPECT_NE(std::string_view(changed.invalid()).find(": "), std::string_view::npos)
          << "no operation named";
    }
  });
  EXPECT_EQ(names.size(), static_cast<std::size_t>(parameters::count)) << "two parameters have one name";
}

template <class Objective>
void expect_all_of_one() {
  static_assert(poft::differentiable_objective<Objective>);
  SCOPED_TRACE(Objective::name);
  Objective const objective{};
  expect_parameters(objective);
  expect_derivatives(objective);
  expect_sane_extremes(objective);
  expect_same_value_with_gradient(objective);
  expect_closed_vocabulary(objective);
}

/// Everything above for every objective of a list at its defaults; names are unique.
template <class List>
void expect_all() {
  std::set<std::string> names;
  List::for_each([&]<class Objective>() {
    EXPECT_TRUE(names.insert(Objective::name).second) << Objective::name << " is listed twice";
    expect_all_of_one<Objective>();
  });
}

}  // namespace checks
