// Reads golden values for tests: the cases of one objective in one family, and the comparison that golden/README.md sets.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

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

namespace golden {

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

/// Non-finite numbers are the strings "Infinity" and "-Infinity".
inline double number(nlohmann::json const& value) {
  return value.is_string() ? (value == "Infinity" ? INFINITY : -INFINITY) : value.get<double>();
}
template <class T = double>
std::vector<T> numbers(nlohmann::json const& values) {
  std::vector<T> out;
  for (auto const& value : values) out.push_back(static_cast<T>(number(value)));
  return out;
}

/// float64: |got - want| <= 1e-10 |want| + 1e-13 max(1, max |want|), where `largest` is max |want| over the array.
inline bool agree(double got, double want, double largest) {
  return got == want || std::abs(got - want) <= 1e-10 * std::abs(want) + 1e-13 * std::max(1.0, largest);
}

inline double largest_finite(std::vector<double> const& numbers) {
  double largest = 0;
  for (double const one : numbers) {
    if (std::isfinite(one)) largest = std::max(largest, std::abs(one));
  }
  return largest;
}

inline void expect_close(std::vector<double> const& got, std::vector<double> const& want,
                         std::string const& what, std::vector<std::size_t> const& skipped = {}) {
  ASSERT_EQ(got.size(), want.size()) << what;
  double const largest = largest_finite(want);
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (std::find(skipped.begin(), skipped.end(), i) != skipped.end()) continue;
    EXPECT_TRUE(agree(got[i], want[i], largest))
        << what << "[" << i << "]: got " << got[i] << ", want " << want[i];
  }
}

}  // namespace golden
