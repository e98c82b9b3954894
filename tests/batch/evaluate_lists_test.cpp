// Level 1 for lists against the objective itself, list by list, for every listwise objective; reduction, threads, bad input.
// SPDX-License-Identifier: MIT
#include "poft/batch/evaluate_lists.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <vector>

#include "poft/backend/eigen/backend.hpp"
#include "poft/core/random.hpp"
#include "poft/objective/lists.hpp"
#include "preference/expect_error.hpp"

namespace {

using poft::list_layout;
using poft::view;
using poft::eigen::backend;
using poft::objective::plackett_luce;
using poft::objective::pro;
using poft::objective::rrhf;

enum class references { given, missing };

/// Lists of the given sizes with made-up numbers for the members of an objective's inputs.
template <class Objective, class T>
struct batch {
  using lists = poft::inputs_of<Objective, T>;

  std::vector<std::int64_t> offsets{0};
  std::vector<std::vector<T>> numbers{1 + lists::frozen::count};
  std::vector<std::int32_t> ranking;
  std::vector<T> gradient;
  lists all;

  batch(std::vector<std::int64_t> const& sizes, references reference) {
    for (auto const size : sizes) offsets.push_back(offsets.back() + size);
    auto const responses = static_cast<std::size_t>(offsets.back());
    gradient.assign(responses, T(-7));
    poft::random_stream random(3);
    auto member = [&](std::string_view name, std::vector<T>& column) {
      bool const is_missing = name.starts_with("reference") && reference == references::missing;
      for (std::size_t i = 0; i < responses && !is_missing; ++i) {
        T const u = random.uniform<T>();
        column.push_back(name == "tokens"   ? T(1 + std::floor(9 * u))
                         : name == "reward" ? T(std::floor(8 * u)) / 2  // with ties
                         : name == "target" ? u
                                            : -5 * u - T(0.1));  // log-probs
      }
    };
    member(lists::live::template at<0>::name, numbers[0]);
    lists::live::template get<0>(all) = numbers[0];
    lists::frozen::for_each_index([&]<int K>() {
      std::string_view const name = lists::frozen::template at<K>::name;
      auto& target                = lists::frozen::template get<K>(all);
      if constexpr (std::is_assignable_v<decltype(target), view<T const>>) {
        auto& column = numbers[1 + K];
        member(name, column);
        for (std::size_t k = 0; k < sizes.size() && std::same_as<lists, poft::sorted_list<T>>; ++k) {
          if (name == "reward")
            std::sort(column.begin() + offsets[k], column.begin() + offsets[k + 1], std::greater<>());
        }
        target = column;
      } else {
        for (auto const size : sizes) {
          std::vector<std::int32_t> order(static_cast<std::size_t>(size));
          random.permutation(view<std::int32_t>(order));
          ranking.insert(ranking.end(), order.begin(), order.end());
        }
        target = ranking;
      }
    });
  }
  list_layout ragged() const { return {.offsets = offsets}; }
  std::int64_t lists_count() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
};

/// `count` responses from `first` on.
template <class Lists>
Lists part_of(Lists const& all, std::int64_t first, std::int64_t count) {
  auto const part = [&](auto const& column) {
    return column.empty() ? column : column.subview(first, count);
  };
  Lists out;
  Lists::live::template get<0>(out) = part(Lists::live::template get<0>(all));
  Lists::frozen::for_each_index(
      [&]<int K>() { Lists::frozen::template get<K>(out) = part(Lists::frozen::template get<K>(all)); });
  return out;
}

/// Ten lists of 1 to 7 responses.
std::vector<std::int64_t> const mixed_sizes{3, 1, 7, 2, 2, 5, 1, 4, 6, 3};

template <class Objective, class T>
void expect_objective_itself(std::vector<std::int64_t> const& sizes, list_layout const& layout,
                             references reference) {
  // The objective inlined in two places may round differently, where the compiler contracts a * b + c.
  double const near = sizeof(T) == 4 ? 4e-6 : 1e-14;
  Objective const objective{};
  batch<Objective, T> b(sizes, reference);
  auto const lists = static_cast<std::size_t>(b.lists_count());
  std::vector<T> losses(lists), weights(lists);
  for (std::size_t k = 0; k < lists; ++k) weights[k] = T(k % 3) / 2;
  double const mean =
      batch_loss_and_gradient(backend{2}, objective, b.all, layout, b.gradient,
                              {.count = 4, .factor = 3, .weights = weights, .losses = losses});
  double total = 0;
  for (std::size_t k = 0; k < lists; ++k) {
    auto const first = b.offsets[k], items = b.offsets[k + 1] - first;
    auto const one = part_of(b.all, first, items);
    std::vector<T> d(static_cast<std::size_t>(items));
    T const loss       = objective(one, view<T>(d));
    double const scale = std::max(1.0, std::abs(double(loss)));
    EXPECT_NEAR(losses[k], loss, near * scale) << "list " << k;
    for (std::size_t i = 0; i < d.size(); ++i) {
      EXPECT_NEAR(b.gradient[std::size_t(first) + i], d[i] * weights[k] * 3 / 4, near * scale)
          << "response " << i << " of list " << k;
    }
    total += double(weights[k]) * loss;
  }
  EXPECT_NEAR(mean, total / 4, 10 * near * std::max(1.0, std::abs(total)));
  EXPECT_EQ(batch_loss(backend{1}, objective, b.all, layout, {.count = 4, .weights = weights}), mean);
}

template <class T>
class evaluate_lists : public testing::Test {};
using element_types = testing::Types<float, double>;
TYPED_TEST_SUITE(evaluate_lists, element_types);

TYPED_TEST(evaluate_lists, equals_every_objective_itself) {
  poft::objective::list_objectives::for_each([]<class Objective>() {
    SCOPED_TRACE(Objective::name);
    for (auto const reference : {references::given, references::missing}) {
      for (std::int64_t const items : {1, 2, 3, 8}) {
        expect_objective_itself<Objective, TypeParam>(std::vector<std::int64_t>(9, items), {.items = items},
                                                      reference);
      }
      std::vector<std::int64_t> offsets{0};
      for (auto const size : mixed_sizes) offsets.push_back(offsets.back() + size);
      expect_objective_itself<Objective, TypeParam>(mixed_sizes, {.offsets = offsets}, reference);
    }
  });
}

TYPED_TEST(evaluate_lists, threads_and_splits_give_equal_bits) {
  using T = TypeParam;
  poft::objective::list_objectives::for_each([]<class Objective>() {
    SCOPED_TRACE(Objective::name);
    std::vector<std::int64_t> const sizes(3000, 8);
    batch<Objective, T> one(sizes, references::given), split(sizes, references::given);
    double const loss =
        batch_loss_and_gradient(backend{1}, Objective{}, one.all, {.items = 8}, one.gradient, {});
    for (int const threads : {2, 3, 7}) {
      batch<Objective, T> many(sizes, references::given);
      EXPECT_EQ(
          batch_loss_and_gradient(backend{threads}, Objective{}, many.all, {.items = 8}, many.gradient, {}),
          loss);
      EXPECT_EQ(many.gradient, one.gradient) << threads << " threads";
    }
    double sum = 0;
    for (std::int64_t first = 0, lists = 1; first < 3000; first += lists, lists = 2 * lists + 1) {
      lists = std::min<std::int64_t>(lists, 3000 - first);
      sum += batch_loss_and_gradient(backend{2}, Objective{}, part_of(split.all, first * 8, lists * 8),
                                     {.items = 8}, view<T>(split.gradient).subview(first * 8, lists * 8),
                                     {.count = 3000});
    }
    EXPECT_NEAR(sum, loss, 1e-6 * std::abs(loss));
    EXPECT_EQ(split.gradient, one.gradient);
  });
}

TEST(lists, worked_example_with_weights_global_count_and_accumulation) {
  // Two lists of two equal scores: each loses log 2, q_0 = 1/2, gradient beta (-1/2, 1/2) for the ranking 0 1 and its mirror
  // image for 1 0. Weights 1 and 3, global count 10, upstream factor 2, added to 1.
  std::vector<double> const score(4), weights{1, 3};
  std::vector<std::int32_t> const ranking{0, 1, 1, 0};
  std::vector<double> d(4, 1.0), losses(2);
  double const loss = batch_loss_and_gradient(
      backend{1}, plackett_luce{.beta = 0.5}, poft::ranked_list<double>{score, {}, ranking}, {.items = 2}, d,
      {.count = 10, .factor = 2, .weights = weights, .losses = losses, .accumulate = true});
  EXPECT_DOUBLE_EQ(loss, 0.4 * std::log(2.0));
  EXPECT_DOUBLE_EQ(losses[1], std::log(2.0));
  EXPECT_DOUBLE_EQ(d[0], 1 - 0.05);
  EXPECT_DOUBLE_EQ(d[1], 1 + 0.05);
  EXPECT_DOUBLE_EQ(d[2], 1 + 0.15);
  EXPECT_DOUBLE_EQ(d[3], 1 - 0.15);
}

TEST(lists, an_empty_batch_has_loss_0) {
  EXPECT_EQ(batch_loss(backend{}, plackett_luce{}, poft::ranked_list<float>{}, {.items = 3}), 0);
  std::vector<std::int64_t> const none{0};
  EXPECT_EQ(batch_loss(backend{}, plackett_luce{}, poft::ranked_list<float>{}, {.offsets = none}), 0);
}

/// Calls batch_loss_and_gradient on some lists, with a gradient of a given size.
template <class Objective, class Lists>
auto run(Objective const& objective, Lists const& lists, list_layout const& layout,
         poft::batch_options<double> const& options = {}, std::size_t gradient_size = 6) {
  return [=] {
    std::vector<double> d(gradient_size);
    batch_loss_and_gradient(backend{}, objective, lists, layout, d, options);
  };
}

TEST(lists, a_layout_that_does_not_fit_is_named) {
  using poft::shape_error, poft::value_error;
  std::vector<double> const six(6, -1.0);
  std::vector<std::int32_t> const ranking{0, 1, 2, 0, 1, 2};
  poft::ranked_list<double> const lists{six, {}, ranking};
  plackett_luce const objective;
  auto offsets = [&](std::vector<std::int64_t> const& at) {
    return [=] {
      std::vector<double> d(6);
      batch_loss_and_gradient(backend{}, objective, lists, {.offsets = at}, d);
    };
  };
  expect_error<shape_error>(run(objective, lists, {.items = 4}), {"6 responses", "lists of 4 items"});
  expect_error<shape_error>(run(objective, lists, {.items = -2}), {"lists of -2 items"});
  expect_error<value_error>(run(objective, lists, {}), {"0 items and 0 offsets", "either"});
  std::vector<std::int64_t> const both{0, 6};
  expect_error<value_error>(run(objective, lists, {.items = 3, .offsets = both}), {"3 items and 2 offsets"});
  expect_error<value_error>(offsets({1, 6}), {"offsets[0] is 1, expected 0"});
  expect_error<value_error>(offsets({0, 3, 3, 6}),
                            {"offsets[2] is 3 after 3", "every list needs a response"});
  expect_error<shape_error>(offsets({0, 3}), {"the last offset is 3", "responses, 6"});
}

TEST(lists, arrays_that_contradict_each_other_are_named) {
  using poft::shape_error, poft::value_error;
  std::vector<double> const six(6, -1.0), five(5, -1.0), tokens{1, 1, 1, 1, 0, 1}, up{3, 2, 1, 3, 2, 4};
  std::vector<std::int32_t> const ranking{0, 1, 2, 0, 1, 2}, outside{0, 1, 2, 0, 1, 3},
      twice{0, 1, 2, 1, 0, 1};
  poft::ranked_list<double> lists{six, {}, ranking};
  expect_error<shape_error>(run(plackett_luce{}, poft::ranked_list<double>{six, five, ranking}, {.items = 3}),
                            {"batch_loss_and_gradient: reference has 5 elements but score has 6"});
  expect_error<shape_error>(run(plackett_luce{}, poft::ranked_list<double>{six, {}, {}}, {.items = 3}),
                            {"ranking has 0 elements but score has 6"});
  expect_error<value_error>(run(plackett_luce{}, poft::ranked_list<double>{six, {}, outside}, {.items = 3}),
                            {"ranking[5] is 3 in a list of 3, expected 0 .. 2"});
  expect_error<value_error>(run(plackett_luce{}, poft::ranked_list<double>{six, {}, twice}, {.items = 3}),
                            {"ranking[5] is 1 like ranking[3]"});
  expect_error<value_error>(
      run(rrhf{}, poft::rewarded_list_with_tokens<double>{six, tokens, six}, {.items = 3}),
      {"tokens[4] is 0, expected a token count > 0"});
  expect_error<value_error>(run(pro{}, poft::sorted_list<double>{six, up, up}, {.items = 3}),
                            {"reward[5] is 4 after 2", "descending"});
  expect_error<value_error>(run(plackett_luce{.beta = 0}, lists, {.items = 3}), {"plackett_luce: beta"});
}

TEST(lists, options_and_targets_that_do_not_fit_are_named) {
  using poft::shape_error, poft::value_error;
  std::vector<double> six(6, -1.0), two(2), three(3);
  std::vector<std::int32_t> const ranking{0, 1, 2, 0, 1, 2};
  poft::ranked_list<double> const lists{six, {}, ranking};
  plackett_luce const objective;
  list_layout const layout{.items = 3};
  expect_error<shape_error>(run(objective, lists, layout, {}, 5), {"gradient has 5 elements, expected 6"});
  expect_error<shape_error>(run(objective, lists, layout, {.weights = three}),
                            {"weights has 3 elements, expected 2"});
  expect_error<shape_error>(run(objective, lists, layout, {.losses = three}),
                            {"losses has 3 elements, expected 2"});
  expect_error<value_error>(run(objective, lists, layout, {.count = NAN}), {"count is nan"});
  expect_error<value_error>([&] { batch_loss_and_gradient(backend{}, objective, lists, layout, six); },
                            {"the gradient cannot take the place of score"});
  two[1] = NAN;
  expect_error<value_error>(run(objective, lists, layout, {.weights = two}), {"weighted loss is NaN"});
  six[4] = NAN;
  expect_error<value_error>(run(objective, lists, layout), {"batch_loss_and_gradient: score[4] is NaN"});
  six[4] = six[3] = six[5] = -INFINITY;
  expect_error<value_error>(run(objective, lists, layout), {"the loss of list 1 is NaN", "inf - inf"});
}

}  // namespace
