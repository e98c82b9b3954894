// Repeated n-grams: worked examples and golden marks.
// SPDX-License-Identifier: MIT
#include "poft/objective/repeated_ngrams.hpp"

#include "support/golden.hpp"

namespace {
using namespace poft;

std::vector<double> marks(std::vector<std::int32_t> const& tokens, int ngram) {
  std::vector<double> weight(tokens.size(), NAN);  // a place that is not written shows
  objective::mark_repeated_ngrams(view<std::int32_t const>(tokens), ngram, view<double>(weight));
  return weight;
}

TEST(repeated_ngrams, worked_example) {
  // a b c a b: "a b" again at the end; overlapping repeats of one token count
  EXPECT_EQ(marks({1, 2, 3, 1, 2}, 2), (std::vector<double>{0, 0, 0, 1, 1}));
  EXPECT_EQ(marks({1, 2, 3, 1, 2}, 3), (std::vector<double>(5, 0)));
  EXPECT_EQ(marks({7, 7, 7}, 2), (std::vector<double>{0, 1, 1}));
  EXPECT_EQ(marks({1, 2, 1}, 1), (std::vector<double>{0, 0, 1}));
  EXPECT_EQ(marks({}, 1), std::vector<double>());
}

TEST(repeated_ngrams, golden) {
  for (auto const& one : golden::cases("L_extra", "repeated_ngrams")) {
    auto const all   = one["inputs"]["tokens"].get<std::vector<std::int32_t>>();
    auto const time  = one["inputs"]["T"].get<std::vector<std::ptrdiff_t>>();
    auto const width = one["shapes"]["tokens"][1].get<std::ptrdiff_t>();
    std::vector<double> got;
    for (std::size_t i = 0; i < time.size(); ++i) {
      auto const first = all.begin() + static_cast<std::ptrdiff_t>(i) * width;
      auto row         = marks({first, first + time[i]}, one["hyper"]["ngram"]);
      row.resize(static_cast<std::size_t>(width), 0.0);
      got.insert(got.end(), row.begin(), row.end());
    }
    EXPECT_EQ(got, golden::numbers(one["outputs"]["repeat"])) << one["name"];
  }
}
}  // namespace
