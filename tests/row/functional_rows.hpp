// Evaluates a row functional over rows of numbers with any group, for the tests of this folder.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "poft/backend/eigen/lane_group.hpp"
#include "poft/row/functional.hpp"
#include "poft/row/one_by_one_group.hpp"

namespace poft {

struct functional_result {
  std::vector<double> value, gradient;  // [rows], [rows, vocab]: derivative of the mean over rows
};

/// The other distribution, for value_and_gradient_of: nothing, softmax of logits, or probabilities.
enum class other_row { none, logits, probabilities };

template <other_row Other = other_row::none, class Group, class Functional, class T>
functional_result evaluate_rows(Group group, Functional functional, std::vector<T> const& z,
                                std::vector<T> const& other, std::size_t vocab) {
  std::size_t const rows = z.size() / vocab;
  auto const width       = static_cast<std::int64_t>(vocab);
  functional_result out;
  for (std::size_t i = 0; i < rows; ++i) {
    std::vector<T> gradient(vocab, T(NAN));  // a place that is not written shows
    row<T> const d_z{gradient.data()};
    T const factor     = T(1) / static_cast<T>(rows);
    auto const student = softmax_of(group, row<T const>{z.data() + i * vocab}, width);
    auto evaluate      = [&](auto... others) {
      return value_and_gradient_of(functional, group, width, d_z, factor, false, student, others...);
    };
    if constexpr (Other == other_row::none) {
      out.value.push_back(evaluate());
    } else {
      row<T const> const teacher{other.data() + i * vocab};
      if constexpr (Other == other_row::logits) {
        out.value.push_back(evaluate(softmax_of(group, teacher, width)));
      } else {
        out.value.push_back(evaluate(probability_row<T const>{teacher}));
      }
    }
    out.gradient.insert(out.gradient.end(), gradient.begin(), gradient.end());
  }
  return out;
}

/// The two groups whose results must agree: f(group).
template <class T, class F>
void for_each_group(F f) {
  f(one_by_one_group<T>{});
  f(eigen::lane_group<T>{});
}

}  // namespace poft
