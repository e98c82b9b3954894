// Compares an objective with golden cases, example by example: loss, and the gradient of every live input.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "poft/scalar/gradient.hpp"
#include "support/golden.hpp"

namespace golden {

using columns = std::map<std::string, std::vector<double>>;

/// Which golden input feeds which member: {"log_prob", "l"}; a number in place of a name is that number
/// for every example.
struct source {
  std::string column;
  double number = 0;
  source(char const* name) : column(name) {}
  source(double value) : number(value) {}
};
using sources = std::map<std::string, source>;

/// The objective's own columns from the golden ones. Throws where a member has no source.
template <class Objective>
columns bind(nlohmann::json const& one, sources const& from, std::size_t examples) {
  using inputs = poft::inputs_of<Objective, double>;
  columns out;
  auto take = [&](char const* member) {
    source const& s = from.at(member);
    out[member] =
        s.column.empty() ? std::vector<double>(examples, s.number) : numbers(one.at("inputs").at(s.column));
  };
  inputs::live::for_each_index([&]<int K>() { take(inputs::live::template at<K>::name); });
  inputs::frozen::for_each_index([&]<int K>() { take(inputs::frozen::template at<K>::name); });
  return out;
}

/// Example i of the columns.
template <class Inputs>
Inputs example(columns const& in, std::size_t i) {
  Inputs x;
  Inputs::live::for_each_index(
      [&]<int K>() { Inputs::live::template get<K>(x) = in.at(Inputs::live::template at<K>::name).at(i); });
  Inputs::frozen::for_each_index([&]<int K>() {
    Inputs::frozen::template get<K>(x) = in.at(Inputs::frozen::template at<K>::name).at(i);
  });
  return x;
}

/// Losses and derivatives (by member name) of all examples.
struct evaluated {
  std::vector<double> loss;
  columns gradient;
};
template <class Objective>
evaluated evaluate(Objective const& objective, columns const& in) {
  using inputs = poft::inputs_of<Objective, double>;
  evaluated out;
  for (std::size_t i = 0; i < in.begin()->second.size(); ++i) {
    auto const result = value_and_gradient(objective, example<inputs>(in, i));
    out.loss.push_back(result.value);
    inputs::live::for_each_index([&]<int K>() {
      out.gradient[inputs::live::template at<K>::name].push_back(
          inputs::live::template get<K>(result.gradient));
    });
  }
  return out;
}

/// Flat indices where the derivative with respect to a golden input is not unique.
inline std::vector<std::size_t> kinks_of(nlohmann::json const& one, std::string const& input) {
  if (!one.contains("kinks") || one["kinks"].is_null() || !one["kinks"].contains(input)) return {};
  return one["kinks"][input].get<std::vector<std::size_t>>();
}

/// Loss per example, and gradient of the mean: want = derivative / examples.
template <class Objective>
void expect_rows(nlohmann::json const& one, Objective const& objective, sources const& from) {
  SCOPED_TRACE(one.at("name").get<std::string>());
  ASSERT_EQ(objective.invalid(), nullptr);
  auto const want     = numbers(one.at("outputs").at("loss"));
  auto const got      = evaluate(objective, bind<Objective>(one, from, want.size()));
  auto const examples = static_cast<double>(want.size());
  expect_close(got.loss, want, "loss");
  std::size_t compared = 0;
  for (auto const& [member, derivative] : got.gradient) {
    std::string const& input = from.at(member).column;
    auto mean                = derivative;
    for (double& one_derivative : mean) one_derivative /= examples;
    expect_close(mean, numbers(one.at("grad").at(input)), "d " + input, kinks_of(one, input));
    ++compared;
  }
  EXPECT_EQ(compared, one.at("grad").size()) << "a golden gradient was not compared";
}

/// hyper.name as a number (true is 1).
inline double hyper(nlohmann::json const& one, char const* name) {
  auto const& value = one.at("hyper").at(name);
  return value.is_boolean() ? (value.get<bool>() ? 1.0 : 0.0) : number(value);
}

}  // namespace golden
