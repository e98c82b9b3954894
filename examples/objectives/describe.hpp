// What the list of objectives says of each: name, inputs, parameters with their defaults.
// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "poft/core/view.hpp"
#include "poft/objective/all.hpp"
#include "poft/scalar/concepts.hpp"

namespace objectives {

struct parameter {
  std::string name;
  double value;
};

struct description {
  std::string name;
  std::vector<std::string> live, frozen;  // inputs with and without a gradient
  std::vector<parameter> parameters;      // with the defaults
  bool of_lists;                          // an example is a list of responses
};

/// Objectives whose example is a list: the inputs are views, and the gradient is an argument.
template <class Objective>
inline constexpr bool takes_lists = requires(Objective const& objective,
                                             poft::inputs_of<Objective, double> in,
                                             poft::view<double> gradient) {
  objective(in, gradient);
};

template <class Fields>
std::vector<std::string> names_of() {
  std::vector<std::string> names;
  Fields::for_each_index([&]<int K>() { names.emplace_back(Fields::template at<K>::name); });
  return names;
}

template <class Objective>
description describe() {
  using inputs = poft::inputs_of<Objective, double>;
  description out{Objective::name,
                  names_of<typename inputs::live>(),
                  names_of<typename inputs::frozen>(),
                  {},
                  takes_lists<Objective>};
  Objective const defaults{};
  Objective::parameters::for_each_index([&]<int K>() {
    out.parameters.push_back({Objective::parameters::template at<K>::name,
                              static_cast<double>(Objective::parameters::template get<K>(defaults))});
  });
  return out;
}

inline std::vector<description> descriptions() {
  std::vector<description> all;
  poft::objective::all_objectives::for_each([&]<class Objective>() { all.push_back(describe<Objective>()); });
  return all;
}

/// Calls f.template operator()<Objective>() for the objective of this name; false if there is none.
template <class F>
bool with_objective(std::string_view name, F&& f) {
  bool found = false;
  poft::objective::all_objectives::for_each([&]<class Objective>() {
    if (found || name != Objective::name) return;
    found = true;
    f.template operator()<Objective>();
  });
  return found;
}

/// The shortest text that reads back, 0.0003 rather than 3e-04.
inline std::string text_of(double number) {
  char digits[32];
  bool const readable = number == 0 || (number > 1e-5 && number < 1e6) || (number < -1e-5 && number > -1e6);
  auto const format   = readable ? std::chars_format::fixed : std::chars_format::scientific;
  return {digits, std::to_chars(digits, digits + sizeof digits, number, format).ptr};
}

inline std::string joined(std::vector<std::string> const& words, std::string_view between) {
  std::string text;
  for (auto const& word : words) text.append(text.empty() ? "" : between).append(word);
  return text;
}

}  // namespace objectives
