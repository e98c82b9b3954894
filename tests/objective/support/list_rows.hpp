// Compares listwise objectives with golden cases on [lists, items] arrays and with dual numbers.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "objective/support/golden_rows.hpp"
#include "poft/core/view.hpp"
#include "poft/scalar/dual.hpp"

namespace golden {

/// One list of a case: its numbers by input name.
struct list_columns {
  std::map<std::string, std::vector<double>> columns;
  /// Empty where the case has no such input.
  poft::view<double const> of(std::string const& name) const {
    auto const found = columns.find(name);
    return found == columns.end() ? poft::view<double const>() : poft::view<double const>(found->second);
  }
};

/// loss_of(row, i, gradient) for each list of the case; `live` is the golden input that is differentiated.
template <class F>
void expect_lists(nlohmann::json const& one, std::string const& live, F loss_of) {
  SCOPED_TRACE(one.at("name").get<std::string>());
  auto const rows  = one.at("shapes").at(live)[0].get<std::size_t>();
  auto const items = one.at("shapes").at(live)[1].get<std::size_t>();
  std::vector<double> losses, gradient(rows * items, NAN);  // a place that is not written shows
  for (std::size_t i = 0; i < rows; ++i) {
    list_columns row;
    for (auto const& [name, values] : one.at("inputs").items()) {
      auto const all    = numbers(values);
      auto const from   = all.begin() + static_cast<std::ptrdiff_t>(i * items);
      row.columns[name] = {from, from + static_cast<std::ptrdiff_t>(items)};
    }
    losses.push_back(
        loss_of(row, i, poft::view<double>(gradient.data() + i * items, static_cast<std::ptrdiff_t>(items))));
  }
  for (double& derivative : gradient) derivative /= static_cast<double>(rows);
  expect_close(losses, numbers(one.at("outputs").at("loss")), "loss");
  expect_close(gradient, numbers(one.at("grad").at(live)), "d " + live, kinks_of(one, live));
}

/// Every number in a direction of its own.
template <int K>
std::array<poft::dual<double, K>, K> duals(std::vector<double> const& values) {
  std::array<poft::dual<double, K>, K> out;
  for (int k = 0; k < K; ++k) out[static_cast<std::size_t>(k)] = {values.at(static_cast<std::size_t>(k)), k};
  return out;
}

template <int K>
void expect_dual(double loss, std::vector<double> const& gradient, poft::dual<double, K> const& want) {
  expect_close({loss}, {want.value}, "loss");
  expect_close(gradient, {want.partial, want.partial + K}, "gradient");
}

}  // namespace golden
