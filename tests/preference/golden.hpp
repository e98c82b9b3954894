// Reading golden cases for the tests of this folder: numbers and the tolerance of tests/golden/README.md.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#ifndef POFT_GOLDEN_DIR
#define POFT_GOLDEN_DIR "tests/golden"
#endif

namespace golden {

/// All cases of one objective; a missing file or an unknown objective fails the test that asks.
inline std::vector<nlohmann::json> cases(std::string const& family, std::string const& objective) {
  std::ifstream file(std::string(POFT_GOLDEN_DIR) + "/" + family + ".json");
  std::vector<nlohmann::json> found;
  if (file) {
    nlohmann::json const document = nlohmann::json::parse(file);
    for (auto const& one : document["cases"])
      if (one["objective"] == objective) found.push_back(one);
  }
  EXPECT_FALSE(found.empty()) << "no case of " << objective << " in " << POFT_GOLDEN_DIR << "/" << family
                              << ".json";
  return found;
}

/// Non-finite numbers are the strings "Infinity" and "-Infinity".
inline double number(nlohmann::json const& value) {
  return value.is_string() ? (value == "Infinity" ? INFINITY : -INFINITY) : value.get<double>();
}
inline std::vector<double> numbers(nlohmann::json const& values) {
  std::vector<double> out;
  for (auto const& value : values) out.push_back(number(value));
  return out;
}

inline void expect_close(std::vector<double> const& got, std::vector<double> const& want,
                         std::string const& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  double largest = 1;
  for (double const one : want)
    if (std::isfinite(one)) largest = std::fmax(largest, std::fabs(one));
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (got[i] == want[i]) continue;
    EXPECT_LE(std::fabs(got[i] - want[i]), 1e-10 * std::fabs(want[i]) + 1e-13 * largest)
        << what << "[" << i << "]";
  }
}

}  // namespace golden
