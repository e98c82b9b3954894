// One objective on the rows of a CSV table: losses and gradients, row by row.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "csv.hpp"
#include "describe.hpp"
#include "poft/backend/one_by_one.hpp"
#include "poft/batch/evaluate.hpp"

namespace objectives {

/// Per row; a list's loss stands in each of its rows, and the mean is over lists.
struct evaluation {
  std::vector<double> losses;
  std::vector<std::vector<double>> gradients;  // one per live input
  double mean;
};

/// Throws where the objective has no such parameter, or not this value.
template <class Objective>
void set_parameter(Objective& objective, std::string const& name, double value) {
  bool found = false;
  Objective::parameters::for_each_index([&]<int K>() {
    if (name != Objective::parameters::template at<K>::name) return;
    auto& member = Objective::parameters::template get<K>(objective);
    using type   = std::remove_reference_t<decltype(member)>;
    if (std::is_integral_v<type> && std::trunc(value) != value)
      throw poft::value_error(
          poft::message(Objective::name, ": ", name, " is ", value, ", expected a whole number"));
    member = static_cast<type>(value);
    found  = true;
  });
  if (found) return;
  auto const has = names_of<typename Objective::parameters>();
  throw poft::value_error(poft::message(Objective::name, " has no parameter '", name, "'; it has ",
                                        has.empty() ? "none" : joined(has, ", ")));
}

template <class Objective>
evaluation evaluate_rows(Objective const& objective, csv_table const& table) {
  using batch    = poft::inputs_of<Objective, std::span<double const>>;
  using gradient = poft::inputs_of<Objective, std::span<double>>;
  std::vector<std::vector<double>> columns;
  batch in;
  auto const read = [&](char const* name) {
    columns.push_back(table.numbers(name, Objective::name));
    return std::span<double const>(columns.back());
  };
  batch::live::for_each_index(
      [&]<int K>() { batch::live::template get<K>(in) = read(batch::live::template at<K>::name); });
  batch::frozen::for_each_index(
      [&]<int K>() { batch::frozen::template get<K>(in) = read(batch::frozen::template at<K>::name); });

  evaluation out;
  out.losses.resize(table.size());
  out.gradients.assign(batch::live::count, std::vector<double>(table.size()));
  gradient d;
  gradient::live::for_each_index([&]<int K>() { gradient::live::template get<K>(d) = out.gradients[K]; });
  poft::batch_options<double> per_row{.count = 1};
  per_row.losses = out.losses;
  batch_loss_and_gradient(poft::one_by_one{}, objective, in, d, per_row);
  out.mean = batch_loss(poft::one_by_one{}, objective, in);
  return out;
}

/// Consecutive rows with the same text in column `list` are one list.
template <class Objective>
  requires takes_lists<Objective> evaluation evaluate_rows(Objective const& objective,
                                                           csv_table const& table) {
    using lists = poft::inputs_of<Objective, double>;
    if (char const* problem = objective.invalid()) throw poft::value_error(problem);
    auto const list = table.texts("list", Objective::name);
    auto const live = table.numbers(lists::live::template at<0>::name, Objective::name);
    evaluation out{std::vector<double>(table.size()), {std::vector<double>(table.size())}, 0};
    std::array<std::vector<double>, lists::frozen::count> frozen;
    std::array<std::vector<std::int32_t>, lists::frozen::count> places;
    lists::frozen::for_each_index([&]<int K>() {
      frozen[K] = table.numbers(lists::frozen::template at<K>::name, Objective::name);
      places[K].assign(frozen[K].begin(), frozen[K].end());
    });

    int count = 0;
    for (std::size_t first = 0; first < table.size(); ++count) {
      std::size_t last = first;
      while (last < table.size() && list[last] == list[first]) ++last;
      auto const part = [&](auto& column) {
        using element = std::remove_reference_t<decltype(column[0])>;
        return poft::view<element>(column.data() + first, static_cast<std::ptrdiff_t>(last - first));
      };
      auto const refuse = [&](std::size_t row, char const* name, double value, std::string const& expected) {
        throw poft::value_error(poft::message(Objective::name, ": ", name, " in line ", table.line(row),
                                              " is ", value, ", expected ", expected));
      };
      lists in;
      lists::live::template get<0>(in) = part(live);
      lists::frozen::for_each_index([&]<int K>() {
        auto& member           = lists::frozen::template get<K>(in);
        char const* const name = lists::frozen::template at<K>::name;
        if constexpr (std::is_assignable_v<decltype(member), poft::view<std::int32_t const>>) {
          std::vector<bool> seen(last - first);
          for (std::size_t row = first; row < last; ++row) {
            double const place = frozen[K][row];
            if (!(place >= 0 && place < static_cast<double>(last - first)) || std::trunc(place) != place ||
                seen[static_cast<std::size_t>(place)])
              refuse(row, name, place, poft::message("each of 0 .. ", last - first - 1, " once in its list"));
            seen[static_cast<std::size_t>(place)] = true;
          }
          member = part(std::as_const(places[K]));
        } else {
          for (std::size_t row = first; row < last && std::string_view(name) == "tokens"; ++row)
            if (!(frozen[K][row] > 0)) refuse(row, name, frozen[K][row], "a token count > 0");
          member = part(std::as_const(frozen[K]));
        }
      });
      double const loss = objective(in, part(out.gradients[0]));
      if (std::isnan(loss))
        throw poft::value_error(poft::message(Objective::name, ": the loss of the list in lines ",
                                              table.line(first), " to ", table.line(last - 1),
                                              " is NaN; its inputs contradict each other"));
      std::fill(out.losses.begin() + static_cast<std::ptrdiff_t>(first),
                out.losses.begin() + static_cast<std::ptrdiff_t>(last), loss);
      out.mean += loss;
      first = last;
    }
    out.mean /= count;
    return out;
  }

}  // namespace objectives
