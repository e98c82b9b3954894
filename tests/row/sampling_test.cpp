// Drawing from a row: worked examples, the rules against a sort, frequencies against the softmax, masks, broken rows.
// SPDX-License-Identifier: MIT
#include "poft/row/sampling.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "poft/core/random.hpp"
#include "row/functional_rows.hpp"

namespace {
using namespace poft;

template <class Group, class Stored>
auto draw(Group group, std::vector<Stored> const& z, sampling how, double u) {
  return draw_item(group, row<Stored const>{z.data()}, static_cast<std::int64_t>(z.size()), how, u);
}

/// What `how` leaves of softmax(z), by sorting, in double; and how close a decision of top_p was.
struct sorted_rules {
  std::vector<double> probability;
  double margin = 1;

  template <class T>
  sorted_rules(std::vector<T> const& z, sampling how) : probability(z.size()) {
    std::vector<std::size_t> order(z.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return z[a] > z[b]; });
    std::size_t kept = how.temperature == 0 ? 1 : z.size();
    if (how.top_k > 0) kept = std::min(kept, static_cast<std::size_t>(how.top_k));
    std::vector<double> weight;
    for (std::size_t r = 0; r < kept; ++r) {
      double const u = static_cast<double>(z[order[r]]) - static_cast<double>(z[order[0]]);
      weight.push_back(how.temperature == 0 ? 1 : std::exp(u / how.temperature));
    }
    double const all = std::accumulate(weight.begin(), weight.end(), 0.0);
    if (how.top_p < 1) {
      double above = 0;
      for (std::size_t r = 0; r < kept; above += weight[r] / all, ++r) {
        margin = std::min(margin, std::abs(above - how.top_p));
        if (above >= how.top_p) kept = r;
      }
    }
    double const left = std::accumulate(weight.begin(), weight.begin() + static_cast<long>(kept), 0.0);
    for (std::size_t r = 0; r < kept; ++r) probability[order[r]] = weight[r] / left;
  }
};

/// The item of u, and how far u is from the nearest boundary of the cumulative probabilities.
struct cumulative_choice {
  std::int64_t index = -1;
  double margin      = 1;

  cumulative_choice(std::vector<double> const& probability, double u) {
    double sum = 0;
    for (std::size_t i = 0; i < probability.size(); ++i) {
      sum += probability[i];
      if (index < 0 && sum > u) index = static_cast<std::int64_t>(i);
      if (sum < 1 - 1e-12) margin = std::min(margin, std::abs(sum - u));
    }
  }
};

std::vector<double> logs(std::vector<double> probability) {
  for (double& p : probability) p = std::log(p);
  return probability;
}

TEST(sampling, worked_example) {
  // pi = 1/10, 2/10, 3/10, 4/10: item i for u in [0, 0.1), [0.1, 0.3), [0.3, 0.6), [0.6, 1)
  auto const z = logs({1, 2, 3, 4});
  for_each_group<double>([&](auto group) {
    for (auto const& [u, item] : {std::pair{0.0, 0},
                                  {0.099, 0},
                                  {0.101, 1},
                                  {0.299, 1},
                                  {0.301, 2},
                                  {0.599, 2},
                                  {0.601, 3},
                                  {0.9999999999, 3}}) {
      auto const got = draw(group, z, {}, u);
      EXPECT_EQ(got.index, item) << u;
      EXPECT_NEAR(got.log_prob, std::log((item + 1) / 10.0), 1e-15);
      // -sum pi log pi
      EXPECT_NEAR(got.entropy,
                  -0.1 * std::log(0.1) - 0.2 * std::log(0.2) - 0.3 * std::log(0.3) - 0.4 * std::log(0.4),
                  1e-14);
    }
  });
}

TEST(sampling, temperature) {
  // weights pi^(1/T): T = 1/2 gives 1, 4, 9, 16 of 30; the log-prob stays that of temperature 1
  auto const z = logs({1, 2, 3, 4});
  for_each_group<double>([&](auto group) {
    for (auto const& [u, item] : {std::pair{0.99 / 30, 0},
                                  {1.01 / 30, 1},
                                  {4.99 / 30, 1},
                                  {5.01 / 30, 2},
                                  {13.99 / 30, 2},
                                  {14.01 / 30, 3}}) {
      auto const got = draw(group, z, {.temperature = 0.5}, u);
      EXPECT_EQ(got.index, item) << u;
      EXPECT_NEAR(got.log_prob, std::log((item + 1) / 10.0), 1e-15);
    }
  });
}

TEST(sampling, temperature_zero_takes_the_first_of_the_most_probable) {
  std::vector<float> z(150, 1);
  z[70] = z[71] = z[149] = 2;
  for_each_group<float>([&](auto group) {
    for (double u : {0.0, 0.5, 0.999}) EXPECT_EQ(draw(group, z, {.temperature = 0}, u).index, 70);
    // so does a temperature whose inverse float cannot hold, by the draw
    EXPECT_EQ(draw(group, z, {.temperature = 1e-300}, 0.0).index, 70);
    EXPECT_EQ(draw(group, z, {.temperature = 1e-300}, 0.5).index, 71);
    EXPECT_EQ(draw(group, z, {.temperature = 1e-300}, 0.99).index, 149);
  });
}

TEST(sampling, top_k_and_top_p_exclude) {
  auto const z     = logs({0.1, 0.4, 0.2, 0.3});
  auto const items = [&](auto group, sampling how) {
    std::vector<std::int64_t> found;
    for (double u = 0.0005; u < 1; u += 0.001) {
      auto const item = draw(group, z, how, u).index;
      if (found.empty() || found.back() != item) found.push_back(item);
    }
    return found;
  };
  using list = std::vector<std::int64_t>;
  for_each_group<double>([&](auto group) {
    EXPECT_EQ(items(group, {.top_k = 1}), (list{1}));
    EXPECT_EQ(items(group, {.top_k = 2}), (list{1, 3}));
    EXPECT_EQ(items(group, {.top_k = 3}), (list{1, 2, 3}));
    EXPECT_EQ(items(group, {.top_k = 4}), (list{0, 1, 2, 3}));
    EXPECT_EQ(items(group, {.top_k = 99}), (list{0, 1, 2, 3}));
    EXPECT_EQ(items(group, {.top_p = 1e-300}), (list{1}));
    EXPECT_EQ(items(group, {.top_p = 0.39}), (list{1}));
    EXPECT_EQ(items(group, {.top_p = 0.41}), (list{1, 3}));
    EXPECT_EQ(items(group, {.top_p = 0.69}), (list{1, 3}));
    EXPECT_EQ(items(group, {.top_p = 0.71}), (list{1, 2, 3}));
    EXPECT_EQ(items(group, {.top_p = 0.91}), (list{0, 1, 2, 3}));
    // of the two most probable, 4/7 and 3/7
    EXPECT_EQ(items(group, {.top_k = 2, .top_p = 0.57}), (list{1}));
    EXPECT_EQ(items(group, {.top_k = 2, .top_p = 0.58}), (list{1, 3}));
    // at temperature 1/2: 1, 16, 4, 9 of 30; 25 / 30 = 0.8333
    EXPECT_EQ(items(group, {.temperature = 0.5, .top_p = 0.83}), (list{1, 3}));
    EXPECT_EQ(items(group, {.temperature = 0.5, .top_p = 0.84}), (list{1, 2, 3}));
  });
}

TEST(sampling, equals_of_the_last_kept_are_kept) {
  std::vector<float> const z{1, 0, 1, 0, 1};
  for_each_group<float>([&](auto group) {
    for (sampling how : {sampling{.top_k = 1}, sampling{.top_k = 3}, sampling{.top_p = 0.1}}) {
      EXPECT_EQ(draw(group, z, how, 0.3).index, 0);
      EXPECT_EQ(draw(group, z, how, 0.4).index, 2);
      EXPECT_EQ(draw(group, z, how, 0.7).index, 4);
    }
  });
}

template <class T>
void expect_as_sorted(double tolerance) {
  random_stream random(7);
  int close = 0, compared = 0;
  for (std::size_t const vocab : {1, 2, 17, 63, 64, 65, 129, 1000}) {
    for (sampling const how :
         {sampling{}, sampling{.temperature = 0}, sampling{.temperature = 0.3},
          sampling{.temperature = 3, .top_k = 5}, sampling{.top_k = 1000}, sampling{.top_p = 0.8},
          sampling{.temperature = 1.5, .top_k = 40, .top_p = 0.95}}) {
      for (int round = 0; round < 20; ++round) {
        std::vector<T> z(vocab);
        for (T& logit : z) logit = static_cast<T>(3 * random.normal<double>());
        double const u = random.uniform<double>();
        sorted_rules const rules(z, how);
        cumulative_choice const want(rules.probability, u);
        if (want.margin < tolerance || rules.margin < tolerance) {
          ++close;
          continue;
        }
        ++compared;
        for_each_group<T>([&](auto group) {
          EXPECT_EQ(draw(group, z, how, u).index, want.index)
              << vocab << " items, temperature " << how.temperature << ", top_k " << how.top_k << ", top_p "
              << how.top_p;
        });
      }
    }
  }
  EXPECT_LT(close, compared / 100);
}

TEST(sampling, agrees_with_a_sort_in_double) { expect_as_sorted<double>(1e-12); }
TEST(sampling, agrees_with_a_sort_in_float) { expect_as_sorted<float>(1e-5); }

TEST(sampling, frequencies_are_the_probabilities) {
  // Pearson's chi-square over 100 000 draws; 29.59 is exceeded with probability 0.001 at 10 degrees of freedom.
  random_stream random(11);
  std::vector<float> z(11);
  for (float& logit : z) logit = random.normal<float>();
  sorted_rules const want(z, {});
  for_each_group<float>([&](auto group) {
    std::vector<double> count(z.size());
    for (int n = 0; n < 100000; ++n) {
      ++count[static_cast<std::size_t>(draw(group, z, {}, random.uniform<double>()).index)];
    }
    double chi_square = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      double const expected = 100000 * want.probability[i];
      chi_square += (count[i] - expected) * (count[i] - expected) / expected;
    }
    EXPECT_LT(chi_square, 29.59);
  });
}

TEST(sampling, masked_items_are_never_drawn) {
  float const lowest = std::numeric_limits<float>::lowest();
  std::vector<float> const z{-INFINITY, 0, -INFINITY, lowest, 0, -INFINITY};
  for_each_group<float>([&](auto group) {
    for (sampling how : {sampling{}, sampling{.temperature = 10, .top_k = 4},
                         sampling{.temperature = 0.1, .top_p = 0.999}}) {
      EXPECT_EQ(draw(group, z, how, 0.0).index, 1);
      EXPECT_EQ(draw(group, z, how, 0.49).index, 1);
      EXPECT_EQ(draw(group, z, how, 0.51).index, 4);
      EXPECT_EQ(draw(group, z, how, 0.9999999).index, 4);
      EXPECT_NEAR(draw(group, z, how, 0.9).log_prob, -std::log(2.0), 1e-7);
    }
  });
}

TEST(sampling, large_logits_lose_nothing) {
  std::vector<float> const z{1e5f, 1e5f + 1, -1e5f};
  for_each_group<float>([&](auto group) {
    EXPECT_NEAR(draw(group, z, {}, 0.1).log_prob, -std::log1p(std::exp(1.0)), 1e-6);  // 1 / (1 + e) = 0.2689
    EXPECT_EQ(draw(group, z, {}, 0.268).index, 0);
    EXPECT_EQ(draw(group, z, {}, 0.270).index, 1);
  });
}

TEST(sampling, reads_bfloat16) {
  std::vector<bfloat16> z;
  for (float logit : {0.f, 1.f, 2.f, 1.f, 0.f}) z.emplace_back(logit);
  for_each_group<float>([&](auto group) {
    EXPECT_EQ(draw(group, z, {.top_k = 1}, 0.9).index, 2);
    EXPECT_EQ(draw(group, z, {.top_k = 3}, 0.0).index, 1);
    EXPECT_EQ(draw(group, z, {.top_k = 3}, 0.99).index, 3);
  });
}

TEST(sampling, nothing_is_drawn_from_a_broken_row) {
  float const nan = std::nanf("");
  for_each_group<float>([&](auto group) {
    for (std::vector<float> const& z :
         {std::vector<float>{0, nan, 1}, {nan, nan}, {0, INFINITY}, {-INFINITY, -INFINITY}}) {
      for (sampling how :
           {sampling{}, sampling{.temperature = 0}, sampling{.top_k = 1}, sampling{.top_p = 0.5}}) {
        EXPECT_EQ(draw(group, z, how, 0.5).index, -1);
      }
    }
  });
}
}  // namespace
