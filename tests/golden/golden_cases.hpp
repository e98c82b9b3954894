// Reads golden values for tests: the cases of one family that belong to one objective.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#ifndef POFT_GOLDEN_DIR
#define POFT_GOLDEN_DIR "tests/golden"
#endif

namespace poft::golden {

/// Throws where the file is missing or has no such case: a test that compares nothing must not pass.
inline std::vector<nlohmann::json> cases(std::string const& family, std::string const& objective) {
  std::string const path = POFT_GOLDEN_DIR "/" + family + ".json";
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + " cannot be opened");
  auto const all = nlohmann::json::parse(file);
  std::vector<nlohmann::json> found;
  for (auto const& one : all.at("cases")) {
    if (one.at("objective") == objective) found.push_back(one);
  }
  if (found.empty()) throw std::runtime_error(path + " has no case of " + objective);
  return found;
}

inline double largest_finite(std::vector<double> const& numbers) {
  double largest = 0;
  for (double number : numbers) {
    if (std::isfinite(number)) largest = std::max(largest, std::abs(number));
  }
  return largest;
}

/// The tolerance that golden/README.md sets for float64: 1e-10 |want| + 1e-13 max(1, max |want|).
inline bool agree(double got, double want, double largest) {
  return std::abs(got - want) <= 1e-10 * std::abs(want) + 1e-13 * std::max(1.0, largest);
}

}  // namespace poft::golden
