// Examples of an objective as columns of numbers, with room for a gradient.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "objective/support/checks.hpp"
#include "poft/scalar/gradient.hpp"

namespace checks {

/// A batch of n examples as columns, in the order of the struct's members (live ones first), and its gradient.
template <class Objective, class T>
struct example_columns {
  template <class U>
  using inputs                 = poft::inputs_of<Objective, U>;
  static constexpr int members = member_count<inputs<T>>;
  static constexpr int live    = inputs<T>::live::count;

  std::vector<std::vector<double>> rows;
  std::vector<std::vector<T>> column{std::size_t(members)}, gradient{std::size_t(live)};

  explicit example_columns(std::size_t n) {
    while (rows.size() < n) {
      for_each_combination<inputs<T>>(false, 200, [&](std::vector<double> const& at) {
        if (rows.size() < n) rows.push_back(at);
      });
    }
    for (std::size_t k = 0; k < column.size(); ++k) {
      for (auto const& row : rows) column[k].push_back(static_cast<T>(row[k]));
    }
    for (auto& d : gradient) d.assign(n, T(-7));
  }
  inputs<std::span<T const>> in(std::size_t first, std::size_t count) const {
    using spans = inputs<std::span<T const>>;
    spans out;
    auto part = [&](int k) { return std::span<T const>(column[std::size_t(k)]).subspan(first, count); };
    spans::live::for_each_index([&]<int K>() { spans::live::template get<K>(out) = part(K); });
    spans::frozen::for_each_index([&]<int K>() { spans::frozen::template get<K>(out) = part(live + K); });
    return out;
  }
  inputs<std::span<T>> d(std::size_t first, std::size_t count) {
    using spans = inputs<std::span<T>>;
    spans out;
    spans::live::for_each_index([&]<int K>() {
      spans::live::template get<K>(out) = std::span<T>(gradient[std::size_t(K)]).subspan(first, count);
    });
    return out;
  }
};

}  // namespace checks
