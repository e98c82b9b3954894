// One objective on the rows of a CSV table: losses and gradients, row by row.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "csv.hpp"
#include "poft/train/any_objective.hpp"

namespace objectives {

/// Per row; a list's loss stands in each of its rows, and the mean is over lists.
struct evaluation {
  std::vector<double> losses;
  std::vector<std::vector<double>> gradients;  // one per live input
  double mean;
};

/// Every input is a column of its name. Where examples are lists, consecutive rows with the same text in column `list` are
/// one.
inline evaluation evaluate_rows(poft::any_objective const& objective, csv_table const& table) {
  std::string const name(objective.name());
  std::vector<std::int64_t> first_rows;  // of each example, and the end
  auto const list = objective.of_lists() ? table.texts("list", name) : std::vector<std::string>();
  for (std::size_t row = 0; row < table.size(); ++row) {
    if (list.empty() || row == 0 || list[row] != list[row - 1])
      first_rows.push_back(static_cast<std::int64_t>(row));
  }
  first_rows.push_back(static_cast<std::int64_t>(table.size()));
  std::size_t const examples = first_rows.size() - 1;

  std::vector<std::vector<double>> values;
  poft::columns<double const> inputs;
  poft::columns<double> gradient;
  evaluation out{{}, std::vector<std::vector<double>>(objective.live().size()), 0};
  values.reserve(objective.live().size() + objective.frozen().size());
  for (auto const names : {objective.live(), objective.frozen()})
    for (char const* const input : names) inputs[input] = values.emplace_back(table.numbers(input, name));
  for (std::size_t k = 0; k < out.gradients.size(); ++k) {
    out.gradients[k].resize(table.size());
    gradient[objective.live()[k]] = out.gradients[k];
  }
  std::vector<double> losses(examples);
  poft::objective_options options{.count = 1, .losses = losses};
  if (objective.of_lists()) options.list_offsets = first_rows;
  out.mean = objective.evaluate(inputs, gradient, options) / static_cast<double>(examples);

  for (std::size_t e = 0; e < examples; ++e) {
    auto const first = static_cast<std::size_t>(first_rows[e]),
               last  = static_cast<std::size_t>(first_rows[e + 1]);
    if (std::isnan(losses[e]))
      throw poft::value_error(poft::message(name, ": the loss of line ", table.line(first),
                                            " is NaN; its inputs contradict each other"));
    out.losses.insert(out.losses.end(), last - first, losses[e]);
  }
  return out;
}

}  // namespace objectives
